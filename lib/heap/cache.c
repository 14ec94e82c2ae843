/* The medium cache: giving it back. */
#include "heap/cache.h"
#include "span/units.h"

enum { YIELD_GRANULES_MIN = 128 * 1024 / GRANULE_BYTES, YIELD_PART = 64 };

RUN_BY_ALL void cache_yield(struct heap *heap) {
    struct unit *recent_large = heap->recent_large;
    if (load_relaxed(units.dirty_units) > 0) return;
    if (recent_large) {
        heap->recent_large = NULL;
        units_give(recent_large);
        return;
    }
    uint32_t cached = cache_sum(heap);
    if (cached < YIELD_GRANULES_MIN || cached < load_relaxed(medium.dirty_granules)) return;
    if (cached > load_relaxed(units.used_units) * GRANULES_PER_UNIT / YIELD_PART) cache_flush(heap);
}

/* Give a list back, as far as it is this heap's: where another thread has taken a block it has taken the rest too. */
static void give_list(struct heap *heap, uint32_t count) {
    for (char *p; (p = heap->cache[count]);) {
        struct granule *slot = span_slot_home(p);
        uint32_t seen = count | GRANULE_CACHED;
        if (unlikely(!cas_alone(slot->head, &seen, count | GRANULE_USED))) {
            racy_store(heap->cache[count], NULL);
            return;
        }
        medium_give(span_slot_home(cache_unlist(heap, p, slot, count)));
    }
}

void cache_flush(struct heap *heap) {
    struct granule *recent_medium = heap->recent_medium;
    struct unit *recent_large = heap->recent_large;
    heap->recent_medium = NULL; /* first: a fork just then must not find them in two places */
    heap->recent_large = NULL;
    if (recent_medium) medium_give(recent_medium);
    if (recent_large) units_give(recent_large);
    bool robbed = load_relaxed(heap->robbed);
    store_relaxed(heap->robbed, false); /* first: what is taken from now on says so again */
    for (uint32_t count = 1; (robbed || cache_sum(heap) > 0) && count <= CACHE_GRANULES_MAX; count++)
        give_list(heap, count);
    if (robbed) racy_store(heap->cache_room, heap->cache_max);
    guarded_add(heap->cache_room, CACHE_SUM_MIN - heap->cache_max); /* a wrong sum stays wrong, for the verifier */
    racy_store(heap->cache_max, CACHE_SUM_MIN);
}

void cache_widen(struct heap *heap) {
    if (heap->cache_max >= CACHE_SUM_MAX) return;
    guarded_add(heap->cache_max, CACHE_SUM_STEP);
    guarded_add(heap->cache_room, CACHE_SUM_STEP);
}
