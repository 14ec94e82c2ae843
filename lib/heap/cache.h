/* The medium cache: freed blocks kept for their thread, so that the next request of their size needs no lock.
 *
 *   cache[n]        blocks of exactly n granules, up to 64 KiB, CACHE_SUM_MAX granules in all; a list, whose
 *                   links stand in the blocks' second slots
 *   recent_medium   the one block above that which was freed last;  recent_large: the same of whole units
 *
 * A recent block is handed out again only for just its size; any other request of its level first gives it back,
 * so keeping it never makes the heap take memory that it would not have taken otherwise.
 * A cached block says so in its slot or line, where a second free meets it; the state changes by compare-and-swap,
 * because the second free may come from another thread at the same time. Only blocks of the home span are kept. */
#pragma once
#include "heap/heap.h"

enum { RECENT_UNITS_MAX = (8 << 20) / UNIT_BYTES };

INLINE uint32_t cache_granules(size_t size) {
    return (uint32_t)((size + GRANULE_BYTES - 1) >> GRANULE_SHIFT);
}

/* Where a cached block's slot holds the address of the next one. */
INLINE char **cache_link(struct granule *slot) {
    return (char **)(slot + 1);
}

/* A cached block of exactly `count` granules, 1..CACHE_GRANULES_MAX; NULL: there is none. */
INLINE void *cache_pop(struct heap *heap, uint32_t count) {
    char *p = heap->cache[count];
    if (unlikely(!p)) return NULL;
    struct granule *slot = span_slot(&span_home, p);
    heap->cache[count] = *cache_link(slot);
    *cache_link(slot) = NULL;
    heap->cache_sum -= count;
    store_relaxed(slot->head, count | GRANULE_USED);
    return p;
}

/* Keep the block at `p`, of the home span and used, when it is what the cache keeps and there is room.
 * False: it is not, nothing was done; the caller looks at the pointer again, from the start. */
INLINE bool cache_push(struct heap *heap, char *p) {
    struct granule *slot = span_slot(&span_home, p);
    uint32_t head = load_relaxed(slot->head), count = head - GRANULE_USED;
    if (unlikely(count > CACHE_GRANULES_MAX || (uintptr_t)p & (GRANULE_BYTES - 1))) return false;
    uint32_t sum = heap->cache_sum + count;
    if (unlikely(sum > CACHE_SUM_MAX)) return false;
    if (unlikely(!cas(slot->head, &head, count + GRANULE_CACHED))) return false;
    *cache_link(slot) = heap->cache[count];
    heap->cache[count] = p;
    heap->cache_sum = sum;
    return true;
}

/* The recent block when it has just the size asked for; otherwise it is given back. NULL: the levels must serve. */
INLINE struct granule *cache_recent_medium(struct heap *heap, uint32_t count) {
    struct granule *slot = heap->recent_medium;
    if (!slot) return NULL;
    heap->recent_medium = NULL;
    if (granule_count(slot) == count) {
        store_relaxed(slot->head, count | GRANULE_USED);
        return slot;
    }
    medium_give(slot);
    return NULL;
}

/* Give every cached block back to its level. */
void cache_flush(struct heap *heap);
