/* The freestanding API's looks at the heap, for worlds that link lib/inspect/. */
/* SPDX-License-Identifier: MIT */
#include "inspect/stats.h"
#include "inspect/verify.h"
#include <heapalloc/heap.h>

/* Nobody forks in a world that owns its memory, so the sums can always be read. */
void heap_figures(struct heap_figures *figures) {
    struct heapalloc_stats stats = {0};
    stats_read(&stats);
    *figures = (struct heap_figures){.used_bytes = stats.used_bytes,
                                     .free_bytes = stats.free_dirty_bytes + stats.free_clean_bytes,
                                     .table_bytes = stats.table_bytes,
                                     .heaps = stats.heap_count};
}

const char *heap_check(void) {
    return verify_heap();
}
