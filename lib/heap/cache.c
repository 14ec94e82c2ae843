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

void cache_flush(struct heap *heap) {
    struct granule *recent_medium = heap->recent_medium;
    struct unit *recent_large = heap->recent_large;
    heap->recent_medium = NULL; /* first: a fork just then must not find them in two places */
    heap->recent_large = NULL;
    if (recent_medium) medium_give(recent_medium);
    if (recent_large) units_give(recent_large);
    for (uint32_t count = 1; cache_sum(heap) > 0 && count <= CACHE_GRANULES_MAX; count++) {
        for (char *p; (p = cache_pop(heap, count));) medium_give(span_slot(&span_home, p));
    }
    guarded_add(heap->cache_room, CACHE_SUM_MIN - heap->cache_max); /* a wrong sum stays wrong, for the verifier */
    racy_store(heap->cache_max, CACHE_SUM_MIN);
}

void cache_widen(struct heap *heap) {
    if (heap->cache_max >= CACHE_SUM_MAX) return;
    guarded_add(heap->cache_max, CACHE_SUM_STEP);
    guarded_add(heap->cache_room, CACHE_SUM_STEP);
}
