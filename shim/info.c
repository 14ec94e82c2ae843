/* The questions of malloc.h, answered for this heap and not for the empty one of libc. */
#define _GNU_SOURCE
#include "heap/fast.h"
#include "inspect/stats.h"
#include "shim.h"
#include <limits.h>
#include <malloc.h>

EXPORT int malloc_trim(size_t pad) {
    (void)pad;
    struct heap *heap = heap_self;
    return heap_trim(heap->state == HEAP_LIVE ? heap : NULL);
}

/* No parameter of glibc's means anything here; 0 would make programs think that they failed. */
EXPORT int mallopt(int parameter, int value) {
    (void)parameter, (void)value;
    return 1;
}

/* In glibc's terms: one arena, nothing mapped apart; what is free in slabs and in level 2 is free as well. */
EXPORT struct mallinfo2 mallinfo2(void) {
    struct heapalloc_stats sums = {0};
    struct stats_blocks blocks;
    stats_read(&sums);
    stats_count_blocks(&blocks);
    size_t free_units = sums.free_dirty_bytes + sums.free_clean_bytes;
    return (struct mallinfo2){.arena = sums.mapped_bytes - sums.table_bytes,
                              .ordblks = blocks.free_extents,
                              .smblks = blocks.slabs,
                              .fsmblks = blocks.free_bytes,
                              .uordblks = blocks.live_bytes,
                              .fordblks = free_units + blocks.free_bytes,
                              .keepcost = sums.free_dirty_bytes};
}

static int clamped(size_t bytes) {
    return bytes < INT_MAX ? (int)bytes : INT_MAX;
}

EXPORT struct mallinfo mallinfo(void) {
    struct mallinfo2 info = mallinfo2();
    return (struct mallinfo){.arena = clamped(info.arena),
                             .ordblks = clamped(info.ordblks),
                             .smblks = clamped(info.smblks),
                             .fsmblks = clamped(info.fsmblks),
                             .uordblks = clamped(info.uordblks),
                             .fordblks = clamped(info.fordblks),
                             .keepcost = clamped(info.keepcost)};
}
