/* Sums over the heap, for heapalloc_stats() and mallinfo(). */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <heapalloc/heapalloc.h>

/* Fill in what heapalloc_stats() reports; one lock, O(spans). False: a fork is under way. */
bool stats_read(struct heapalloc_stats *stats);

/* What callers use now, counted by reading every unit while they go on, but none of level 2's slots, of which a program
 * may have millions: what that level has free is counted by itself, and by the caches. A block that is in a bin, or
 * that another thread has freed into a slab and its owner has not collected yet, counts as used; what the medium caches
 * keep counts as free. */
struct stats_blocks {
    size_t live_bytes;
    size_t free_bytes;        /* in slabs and in level 2 */
    size_t slabs;             /* how many there are */
    size_t small_free_blocks; /* of slabs, those not carved included */
    size_t small_free_bytes;
    size_t medium_free_blocks; /* of level 2, and in the caches */
    size_t free_extents;       /* of level 1 */
};
void stats_count_blocks(struct stats_blocks *blocks);
