/* Allocation, as the exported functions call it. */
/* SPDX-License-Identifier: MIT */
#include "heap/entry_alloc.h"
#include "base/probe.h"
#include "heap/alloc_aligned.h"
#include "heap/bin.h"
#include "heap/bounded.h"
#include "heap/cache.h"
#include "heap/exited_thread.h"
#include "heap/free.h"
#include "heap/last_resort.h"
#include "heap/redzone.h"
#include "heap/refill.h"
#include "heap/registry.h"
#include "heap/sample.h"
#include "heap/tick.h"
#include "heap/trim.h"
#include "span/small_region.h"

enum { TIGHT_BYTES = 1 << 20 };

/* Try again when there is no memory (in the bounded build what was tried has done all that this would): give back all
 * that is free, so that it merges across sizes and fits a limit; then take any larger block, so that nothing is refused
 * that a larger request would get. */
static COLD void *alloc_again(struct heap *heap, size_t size) {
    debug_check(heap->state == HEAP_LIVE);
    if (config_bounded || alloc_never_fits(size)) return NULL;
    if (hardened() && size < TIGHT_BYTES) store_relaxed(heaps.reuses_at_once, true);
    heap_trim(heap);
    void *p = alloc_live(heap, size, ALLOC_PLAIN);
    if (!p) p = last_resort_take(heap, size);
    if (!p) PROBE_1(out_of_memory, size);
    return p;
}

/* In a sampled heap the inlined refill declines; between two events and two ticks this does the same. What is in the
 * bin was counted. */
static NOINLINE void *alloc_sampled(size_t size, struct heap *heap, enum alloc_zones zones) {
    debug_check(heap == heap_self && heap->sample.rate > 0);
    uint32_t class = size <= CLASS_BYTES_MAX ? (uint32_t)class_of(size + (size == 0)) : 0;
    bool early = class > 0 && sample_ticks_later(heap);
    if (early && heap->bin[class] != BLOCK_END) {
        struct block *block = heap_unbin(heap, class);
        block_clear(block);
        return block;
    }
    if (early) {
        struct block *block = refill_sampled(heap, class);
        if (likely(block)) return block;
    }
    void *p = alloc_live(heap, size, zones);
    if (unlikely(!p)) p = alloc_again(heap, size);
    return heap_return(heap, sample_look(heap, p, size));
}

/* A thread's first allocation gets it a heap, or the next after an alert; one after its end is served without. */
INLINE void *alloc_slow(size_t size, struct heap *heap, enum alloc_zones zones) {
    debug_check(heap == heap_self || heap->state != HEAP_LIVE);
    if (unlikely(heap->state != HEAP_LIVE)) {
        if (small_region()) return small_region_alloc(size, BLOCK_ALIGN_BYTES);
        heap = heap_for_thread();
    }
    if (unlikely(!heap)) return exited_alloc(size);
    if (!config_bounded && unlikely(heap->sample.rate)) return alloc_sampled(size, heap, zones);
    void *p = alloc_live(heap, size, zones);
    if (unlikely(!p)) p = alloc_again(heap, size);
    return heap_return(heap, config_bounded ? sample_look(heap, p, size) : p);
}

STARTUP_TEXT void *heap_alloc_slow(size_t size, struct heap *heap) {
    return alloc_slow(size, heap, ALLOC_ZONED);
}

STARTUP_TEXT void *heap_alloc_plain(size_t size, struct heap *heap) {
    return alloc_slow(size, heap, ALLOC_PLAIN);
}

INLINE void clear_64(char *p) {
    for (int i = 0; i < 4; i++) ((word_pair *)p)[i] = (word_pair){0, 0};
}

/* Up to 256 bytes without a loop, whose end no processor can predict: overlapping pieces from both ends. */
STARTUP_TEXT void *heap_clear_long(char *p, size_t bytes) {
    debug_check(bytes >= 64);
    if (bytes > 256) return memset(p, 0, bytes);
    clear_64(p);
    clear_64(p + bytes - 64);
    if (bytes <= 128) return p;
    clear_64(p + 64);
    clear_64(p + bytes - 128);
    return p;
}

static void *zeroed_small(struct heap *heap, size_t size) {
    debug_check(size <= CLASS_BYTES_MAX);
    char *p = heap_alloc_slow(size, heap);
    if (unlikely(!p)) return NULL;
    const struct unit *unit = span_unit(p);
    if (unlikely(!unit || unit->kind != UNIT_SLAB)) return memset(p, 0, size); /* it has red zones, say */
    heap = heap_self;
    const struct unit *attached = heap->classes[class_of(size + (size == 0))].attached;
    bool fresh = attached && slab_is_fresh(attached) && !heap->sample.rate;
    return memset(p, 0, fresh ? sizeof(struct block) : round_up(size, BLOCK_ALIGN_BYTES));
}

static COLD void *zeroed_again(struct heap *heap, size_t size) {
    debug_check(size > CLASS_BYTES_MAX && heap->state == HEAP_LIVE);
    if (config_bounded || alloc_never_fits(size)) return NULL;
    heap_trim(heap);
    void *p = alloc_wide(heap, size, ALLOC_ZEROED, ALLOC_TIGHT);
    if (!p) PROBE_1(out_of_memory, size);
    return p;
}

STARTUP_TEXT void *heap_zeroed_slow(size_t size) {
    if (small_region()) {
        void *p = small_region_alloc(size, BLOCK_ALIGN_BYTES);
        return p ? memset(p, 0, size) : NULL;
    }
    struct heap *heap = load_relaxed(heap_fast);
    if (size <= CLASS_BYTES_MAX) return zeroed_small(heap, size);
    if (unlikely(size > ALLOC_BYTES_MAX)) return NULL;
    if (unlikely(heap->state != HEAP_LIVE)) heap = heap_for_thread();
    if (unlikely(!heap)) {
        void *p = exited_alloc(size);
        return p ? memset(p, 0, size) : NULL;
    }
    void *p = size <= CACHE_BYTES_MAX ? cache_take(heap, cache_granules(size)) : NULL;
    if (p) return memset(p, 0, size);
    p = size <= REDZONE_BYTES_MAX ? redzone_try_wide(heap, size, ALLOC_ZEROED) : NULL;
    if (p) return p;
    p = alloc_wide(heap, size, ALLOC_ZEROED, ALLOC_TIGHT);
    if (unlikely(!p)) p = zeroed_again(heap, size);
    return heap_return(heap, sample_look(heap, p, size));
}

/* The bounded build's first aligned request of a thread. Its blocks are as aligned as their class says. */
static NOINLINE void *aligned_without_heap(size_t bytes) {
    debug_check(config_bounded && heap_self->state != HEAP_LIVE);
    return heap_alloc_plain(bytes, heap_self);
}

/* Serve an aligned request by its class. The last resort, when there is no memory, may return a less aligned block. */
static NOINLINE void *aligned_small(size_t align, struct heap *heap, size_t class) {
    debug_check(is_power_of_two(align) && class > 0 && class < CLASS_COUNT);
    size_t bytes = class_shapes[class].block_bytes;
    if (config_bounded && heap->state == HEAP_LIVE)
        return heap->bin[class] == BLOCK_END ? bounded_refill(heap, (uint32_t) class, (uint32_t)align, BOUNDED_ALIGNED)
                                             : (void *)heap_unbin(heap, (uint32_t) class); /* which is damaged */
    if (config_bounded) return aligned_without_heap(bytes);
    void *p = heap_alloc_plain(bytes, heap);
    if (likely(((uintptr_t)p & (align - 1)) == 0)) return p;
    heap = heap_self->state == HEAP_LIVE ? heap_self : NULL;
    free_live(p, heap);
    return heap ? last_resort_aligned(heap, bytes, (uint32_t)align) : NULL;
}

static COLD void *aligned_again(struct heap *heap, size_t size, size_t align) {
    debug_check(align > GRANULE_BYTES && heap->state == HEAP_LIVE);
    if (config_bounded || alloc_never_fits(size) || alloc_never_fits(align)) return NULL;
    heap_trim(heap);
    void *p = alloc_wide_aligned(size, align);
    if (!p) PROBE_1(out_of_memory, size);
    return p;
}

void *heap_alloc_at(size_t size, size_t align) {
    debug_check(is_power_of_two(align));
    if (small_region()) return small_region_alloc(size, align);
    if (unlikely(size > ALLOC_BYTES_MAX)) return NULL;
    if (size <= CLASS_BYTES_MAX && align - 1 < CLASS_BYTES_MAX)
        return heap_pop(load_relaxed(heap_fast), class_aligned(size, align), align,
                        aligned_small); /* passes `align` on */
    if (align <= GRANULE_BYTES) return heap_alloc_plain(size, load_relaxed(heap_fast));
    struct heap *heap = load_relaxed(heap_fast);
    if (heap->state == HEAP_NONE) heap = heap_for_thread();
    void *p = alloc_wide_aligned(size, align);
    if (!heap || heap->state != HEAP_LIVE) return p;
    if (unlikely(!p)) p = aligned_again(heap, size, align);
    pace_slow(heap);
    if (unlikely(heap->sample.rate)) sample_taken(heap, p, size); /* no guard slot is as aligned */
    return heap_return(heap, p);
}
