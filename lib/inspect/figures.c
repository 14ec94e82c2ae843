/* The freestanding API's looks at the heap, for worlds that link lib/inspect/. */
/* SPDX-License-Identifier: MIT */
#include "inspect/stats.h"
#include "inspect/verify.h"
#include "span/small_region.h"
#include "span/span.h"
#include <heapalloc/heap.h>

/* Nobody forks in a world that owns its memory, so the sums can always be read. */
void heap_figures(struct heap_figures *figures) {
    if (small_region()) { /* in no function of its own: without optimisation that would need kernel/small */
        *figures = (struct heap_figures){.heaps = 1};
        small_region_sums(&figures->used_bytes, &figures->free_bytes);
        return;
    }
    struct heapalloc_stats stats = {0};
    stats_read(&stats);
    *figures = (struct heap_figures){.used_bytes = stats.used_bytes,
                                     .free_bytes = stats.free_dirty_bytes + stats.free_clean_bytes,
                                     .table_bytes = stats.table_bytes,
                                     .heaps = stats.heap_count};
}

const char *heap_check(void) {
    return small_region() ? small_region_check() : verify_heap();
}
