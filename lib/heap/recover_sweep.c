/* The sweep of a fork's child over what left-behind heaps own. */
/* SPDX-License-Identifier: MIT */
#include "heap/recover_sweep.h"
#include "heap/cache.h"
#include "heap/empty.h"
#include "heap/parked.h"
#include "heap/partial.h"
#include "heap/recover.h"
#include "span/units.h"

enum {
    SWEEP_LINES = 512, /* looked at per slow path */
    SWEEP_SLABS = 2,   /* taken per slow path: counting writes to all pages of a slab, which the child then copies */
};

/* The sweep: one thread at a time goes over the left-behind heaps' caches, one per step, then over all lines once, some
 * per step. */
static struct {
    bool taken;
    struct heap *heap; /* whose cache is looked at next */
    uint32_t place;    /* 0: the home span, else 1 + the place in span_list */
    uint32_t at;       /* unit of it that is looked at next */
} sweep;

void recover_sweep_begin(void) {
    heaps.has_lost_threads = heaps.single = true;
    sweep.taken = false;
    sweep.heap = heaps.all;
    sweep.place = sweep.at = 0;
}

/* Give back the cached blocks of a left-behind heap. Its lists may be torn; a block's own slot says whether it is
 * cached. */
static void recover_cache(struct heap *heap) {
    debug_check(heap->state == HEAP_LEFT_BY_FORK);
    for (uint32_t count = MEDIUM_GRANULES_MIN; count <= CACHE_GRANULES_MAX; count++) {
        char *p = heap->cache[count];
        while (p && span_of(p) == &span_home) {
            struct granule *slot = span_slot(&span_home, p);
            if (slot->head != (count | GRANULE_CACHED)) break;
            p = *cache_link(slot);
            store_relaxed(*cache_link(slot), NULL);
            medium_give(slot);
        }
    }
    if (heap->recent_medium && granule_state(heap->recent_medium) == GRANULE_CACHED) medium_give(heap->recent_medium);
    if (heap->recent_large && heap->recent_large->kind == UNIT_LEAVING) units_give(heap->recent_large);
}

/* Give up a slab in which nothing is free: a partial one has something for a bin. */
static void leave_full(struct heap *heap, struct unit *slab) {
    debug_check(slab->owner == heap && slab->flags & UNIT_PARTIAL);
    partial_remove(heap, slab);
    if (!owner_leave_full(slab)) partial_add(heap, slab);
}

static bool recover_line(struct unit *slab, struct heap *heap) {
    if (load_relaxed(slab->kind) != UNIT_SLAB || !recover_slab(slab, heap)) return false;
    if (slab->used_blocks == 0)
        heap_slab_empty(slab, heap);
    else if (slab->free == BLOCK_END && slab_uncarved(slab) == 0)
        leave_full(heap, slab);
    return true;
}

/* End the sweep: left-behind heaps have no slabs any more and get none, so their structs are parked. */
static void end_sweep(void) {
    debug_check(load_relaxed(sweep.taken) && !sweep.heap);
    for (struct heap *heap = load_acquire(heaps.all), *next; heap; heap = next) {
        next = heap->next_all;
        if (heap->state == HEAP_LEFT_BY_FORK) parked_make(heap);
    }
    store_release(heaps.left_by_fork, 0);
}

/* Salvage the cache of the next left-behind heap. False: there is none. */
static bool sweep_cache(void) {
    debug_check(load_relaxed(sweep.taken));
    while (sweep.heap && sweep.heap->state != HEAP_LEFT_BY_FORK) sweep.heap = sweep.heap->next_all;
    if (!sweep.heap) return false;
    recover_cache(sweep.heap);
    sweep.heap = sweep.heap->next_all;
    return true;
}

/* Salvage slabs among the next lines. False: all spans are done. */
static bool sweep_lines(struct heap *heap) {
    debug_check(load_relaxed(sweep.taken) && heap->state == HEAP_LIVE);
    struct span *span = sweep.place == 0 ? &span_home : load_acquire(span_list[sweep.place - 1]);
    uint32_t top = span ? load_relaxed(span->top_units) : 0;
    for (uint32_t i = 0, found = 0; i < SWEEP_LINES && found < SWEEP_SLABS && sweep.at < top; i++)
        found += recover_line(span->lines + sweep.at++, heap);
    if (sweep.at < top) return true;
    sweep.at = 0;
    return sweep.place++ < load_acquire(span_count);
}

void recover_sweep_step(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    if (__atomic_exchange_n(&sweep.taken, true, __ATOMIC_ACQ_REL)) return;
    if (load_relaxed(heaps.left_by_fork) > 0 && !sweep_cache() && !sweep_lines(heap)) end_sweep();
    store_release(sweep.taken, false);
}
