/* Statistics while the program runs. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"
#include "inspect/by_name.h"
#include "inspect/stats.h"
#include "inspect/tally.h"

enum { LIVE_HEAPS = 32 };

/* Read while other threads run: each number was true at some moment meanwhile.
 *   allocated <= active + what changed meanwhile; active + dirty + retained + metadata == mapped    tests: live_stats
 */
struct live_stats {
    struct heapalloc_stats sums;
    struct stats_blocks blocks;
    struct tally tally;
    size_t resident_bytes;
    size_t most_mapped_bytes;
    size_t heap_count;                   /* all that were ever created */
    struct tally_heap heaps[LIVE_HEAPS]; /* the oldest */
    struct by_name named;
};

/* Read the statistics. False: a fork is under way, and nothing was read. */
bool live_stats_read(struct live_stats *stats);

/* True when the row of a heap is worth a line: it has a thread, or keeps something. */
INLINE bool live_stats_tells(const struct tally_heap *row) {
    return row->live || row->slabs > 0 || row->cached_bytes > 0;
}
