/* The medium cache: giving it back. */
#include "heap/cache.h"
#include "span/units.h"

void cache_flush(struct heap *heap) {
    if (heap->recent_medium) medium_give(heap->recent_medium);
    if (heap->recent_large) units_give(heap->recent_large);
    heap->recent_medium = NULL;
    heap->recent_large = NULL;
    for (uint32_t count = 1; heap->cache_sum > 0 && count <= CACHE_GRANULES_MAX; count++) {
        for (char *p; (p = cache_pop(heap, count));) medium_give(span_slot(&span_home, p));
    }
}
