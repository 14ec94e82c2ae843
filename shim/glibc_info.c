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
    tally_read(&facts->tally);
}

static struct tally_count free_small(const struct tally *tally) {
    struct tally_count sum = {0};
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        sum.blocks += tally->classes[class].free_blocks;
        sum.bytes += tally->classes[class].free_blocks * class_shapes[class].block_bytes;
    }
    return sum;
}

static size_t free_beyond_small(const struct tally *tally) {
    size_t blocks = 0;
    for (int i = 0; i < TALLY_SIZES; i++) blocks += tally->free_medium[i].blocks + tally->free_large[i].blocks;
    return blocks;
}

/* Tables never shrink, so they were no larger when most was mapped. */
size_t glibc_most_bytes(const struct heapalloc_stats *sums) {
    size_t now = sums->mapped_bytes - sums->table_bytes;
    size_t most = __atomic_load_n(&mapped.most_bytes, __ATOMIC_RELAXED);
    return most > now + sums->table_bytes ? most - sums->table_bytes : now;
}

struct mallinfo2 glibc_info(const struct glibc_facts *facts) {
    const struct heapalloc_stats *sums = &facts->sums;
    struct tally_count small = free_small(&facts->tally);
    size_t free_units = sums->free_dirty_bytes + sums->free_clean_bytes;
    return (struct mallinfo2){.arena = sums->mapped_bytes - sums->table_bytes,
                              .ordblks = free_beyond_small(&facts->tally),
                              .smblks = small.blocks,
                              .usmblks = glibc_most_bytes(sums),
                              .fsmblks = small.bytes,
                              .uordblks = facts->blocks.live_bytes,
                              .fordblks = free_units + facts->blocks.free_bytes,
                              .keepcost = sums->free_dirty_bytes};
}
