/* The medium cache: giving it back. */
#include "heap/cache.h"
#include "span/units.h"

bool cache_give_large(struct heap *heap) {
    struct unit *unit = heap->recent_large;
    if (!unit || load_relaxed(units.dirty_units) > 0) return false;
    heap->recent_large = NULL;
    units_give(unit);
    return true;
}

void cache_flush(struct heap *heap) {
    struct granule *recent_medium = heap->recent_medium;
    struct unit *recent_large = heap->recent_large;
    heap->recent_medium = NULL; /* first: a fork just then must not find them in two places */
    heap->recent_large = NULL;
    if (recent_medium) medium_give(recent_medium);
    if (recent_large) units_give(recent_large);
    for (uint32_t count = 1; heap->cache_room < CACHE_SUM_MAX && count <= CACHE_GRANULES_MAX; count++) {
        for (char *p; (p = cache_pop(heap, count));) medium_give(span_slot(&span_home, p));
    }
}
