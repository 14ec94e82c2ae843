/* Freeing, as the exported functions call it. */
/* SPDX-License-Identifier: MIT */
#include "heap/entry_free.h"
#include "base/probe.h"
#include "heap/bin.h"
#include "heap/cache.h"
#include "heap/empty.h"
#include "heap/free.h"
#include "heap/free_check.h"
#include "heap/registry.h"
#include "heap/remote.h"
#include "heap/sample.h"
#include "heap/tick.h"
#include "span/small_region.h"

/* Free in a thread that has not allocated yet, has ended, or was alerted. The pointer is checked first: a new heap may
 * take the memory that it points to. */
static NOINLINE void free_without_heap(void *p) {
    debug_check(p != NULL && load_relaxed(heap_fast)->state != HEAP_LIVE);
    if (small_region()) return small_region_free(p);
    if (!free_look_unit(p)) free_check_zoned("free", p);
    struct heap *heap = heap_for_thread();
    free_live(p, heap);
    if (heap) heap_tick_if_due(heap);
}

STARTUP_TEXT void heap_free_slow(void *p, struct heap *heap) {
    debug_check(heap == heap_self || heap->state != HEAP_LIVE);
    if (p == NULL) return;
    if (unlikely(heap->state != HEAP_LIVE)) return free_without_heap(p);
    free_live(p, heap);
    heap_tick_if_due(heap);
}

/* True when the slab has blocks that a profiler knows, but `block`, which looks used, is none of them. */
INLINE bool is_beside_sampled(const struct block *block, struct unit *slab) {
    debug_check(slab->owner == heap_self);
    if (!(slab->flags & UNIT_SAMPLED) || !slab_was_start(slab, block) || block_may_be_free(block)) return false;
    enum sample_known known = load_acquire(sample_hooks)->known(block);
    if (unlikely(known == SAMPLE_NONE)) slab_sample_end(slab);
    return known != SAMPLE_THIS;
}

/* Beside sampled blocks this does what the fast path does: a profiler that is on may cost a hundredth, and in a slab of
 * 64 blocks a hundred such frees may come for each sample. */
STARTUP_TEXT void heap_free_odd(void *p, struct heap *heap, struct unit *slab) {
    debug_check(heap == heap_self && span_unit(p) == slab);
    if (unlikely(!is_beside_sampled(p, slab))) return heap_free_slow(p, heap);
    if (unlikely(--slab->used_blocks == 0)) return heap_free_last(p, heap, slab);
    heap_list(p, slab, heap);
}

STARTUP_TEXT void heap_free_last(struct block *block, struct heap *heap, struct unit *slab) {
    debug_check(slab->owner == heap && slab->used_blocks == 0);
    heap_list(block, slab, heap);
    if (likely(empty_keep(heap, slab))) return; /* no slow path: the claim of the slab was one */
    heap_slab_empty(slab, heap);
    heap_tick_if_due(heap);
}

/* The common frees by kind of unit, in tail position. When one declines, nothing was done, and heap_free_slow() checks
 * the pointer again from the start. */
STARTUP_TEXT static NOINLINE void entry_free_large(void *p, struct heap *heap, struct unit *unit) {
    debug_check(span_unit(p) == unit && (heap == heap_self || heap->state != HEAP_LIVE));
    if (unlikely(!cache_keep_large(heap, unit, p))) return heap_free_slow(p, heap);
    PROBE_1(large_free, p);
}

STARTUP_TEXT static NOINLINE void entry_free_medium(void *p, struct heap *heap) {
    if (unlikely(!cache_keep_medium(heap, p))) heap_free_slow(p, heap);
}
static NOINLINE void entry_free_medium_shared(void *p, struct heap *heap) {
    if (unlikely(!cache_push(heap, p, CACHE_SHARED))) entry_free_medium(p, heap);
}

/* A remote free never ticks, so a heap whose tick is due next takes the slow path; so does a thread without a heap. */
STARTUP_TEXT void heap_free_other(void *p, struct heap *heap, struct unit *unit) {
    debug_check(span_unit(p) == unit && racy_load(unit->owner) != heap);
    if (likely(racy_load(unit->kind) == UNIT_MEDIUM)) {
        if (cache_is_shared()) return entry_free_medium_shared(p, heap);
        if (likely(cache_push(heap, p, CACHE_ALONE))) return;
        return entry_free_medium(p, heap);
    }
    COMPUTED(unit); /* else the kind is loaded for the cases, too, not just compared: one instruction more */
    switch (racy_load(unit->kind)) {
    case UNIT_SLAB:
        if (likely(heap->slow_left > 1) || sample_ticks_later(heap)) return remote_free(p, heap, unit);
        return heap_free_slow(p, heap);
    case UNIT_LARGE: return entry_free_large(p, heap, unit);
    default: return heap_free_slow(p, heap);
    }
}

size_t heap_usable_slow(const void *p) {
    return p ? free_check_bytes("malloc_usable_size", p) : 0;
}
