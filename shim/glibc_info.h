/* The heap's statistics in the terms of glibc's mallinfo2(). */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/stats.h"
#include <malloc.h>

/* All statistics, read at about the same moment. */
struct glibc_facts {
    struct heapalloc_stats sums;
    struct stats_blocks blocks;
};

void glibc_facts_read(struct glibc_facts *facts);

/* The most that was mapped, without tables. */
size_t glibc_most_bytes(const struct heapalloc_stats *sums);

/* One arena, nothing mapped separately. Free blocks of slabs count as fast blocks, other free blocks and free extents
 * as ordinary ones; fordblks includes both, as in glibc. */
struct mallinfo2 glibc_info(const struct glibc_facts *facts);
