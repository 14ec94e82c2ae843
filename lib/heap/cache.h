/* The medium cache: freed blocks of up to 64 KiB, by exact granule count, kept for their thread.
 *
 * A cached block says CACHED in its slot, so a second free meets it there; the state changes by compare-and-swap,
 * because the second free may come from another thread at the same time. */
#pragma once
#include "heap/heap.h"

/* A cached block of exactly `count` granules; NULL: there is none. */
INLINE void *cache_pop(struct heap *heap, uint32_t count) {
    uint32_t cached = heap->cache_count[count];
    if (unlikely(cached == 0)) return NULL;
    struct granule *slot = heap->cache[count][cached - 1];
    heap->cache_count[count] = (uint8_t)(cached - 1);
    heap->cache_sum -= count;
    store_relaxed(slot->head, count << GRANULE_COUNT_SHIFT | GRANULE_USED);
    return span_slot_memory(span_of_slot(slot), slot);
}

/* Keep a block whose slot says CACHED already; false: no room. */
INLINE bool cache_push(struct heap *heap, struct granule *slot, uint32_t count) {
    if (count > CACHE_GRANULES_MAX || heap->cache_count[count] == CACHE_PER_COUNT ||
        heap->cache_sum + count > CACHE_SUM_MAX)
        return false;
    heap->cache[count][heap->cache_count[count]++] = slot;
    heap->cache_sum += count;
    return true;
}

/* Give every cached block back to level 2. */
void cache_flush(struct heap *heap);
