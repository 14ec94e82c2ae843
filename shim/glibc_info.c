/* The heap's statistics in glibc's terms. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "glibc_info.h"
#include "heap/world.h"
#include "mapped.h"

void glibc_facts_read(struct glibc_facts *facts) {
    heap_enter();
    stats_read(&facts->sums);
    stats_count_blocks(&facts->blocks);
}

/* Tables never shrink, so they were no larger when most was mapped. */
size_t glibc_most_bytes(const struct heapalloc_stats *sums) {
    size_t now = sums->mapped_bytes - sums->table_bytes;
    size_t most = __atomic_load_n(&mapped.most_bytes, __ATOMIC_RELAXED);
    return most > now + sums->table_bytes ? most - sums->table_bytes : now;
}

struct mallinfo2 glibc_info(const struct glibc_facts *facts) {
    const struct heapalloc_stats *sums = &facts->sums;
    size_t free_units = sums->free_dirty_bytes + sums->free_clean_bytes;
    return (struct mallinfo2){.arena = sums->mapped_bytes - sums->table_bytes,
                              .ordblks = facts->blocks.medium_free_blocks + facts->blocks.free_extents,
                              .smblks = facts->blocks.small_free_blocks,
                              .usmblks = glibc_most_bytes(sums),
                              .fsmblks = facts->blocks.small_free_bytes,
                              .uordblks = facts->blocks.live_bytes,
                              .fordblks = free_units + facts->blocks.free_bytes,
                              .keepcost = sums->free_dirty_bytes};
}
