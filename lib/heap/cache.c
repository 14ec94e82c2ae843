/* The medium cache: giving it back. */
#include "heap/cache.h"

void cache_flush(struct heap *heap) {
    if (heap->cache_sum == 0) return;
    for (uint32_t count = MEDIUM_GRANULES_MIN; count <= CACHE_GRANULES_MAX; count++) {
        while (heap->cache_count[count] > 0) medium_give(heap->cache[count][--heap->cache_count[count]]);
    }
    heap->cache_sum = 0;
}
