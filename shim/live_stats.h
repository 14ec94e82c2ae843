/* Statistics while the program runs: JSON, OpenMetrics text, and eight lines for people. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"
#include "inspect/by_name.h"
#include "inspect/stats.h"
#include "inspect/tally.h"
#include "sink.h"

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

/* Print a line for each of the eight sums, and one for each name. */
void live_stats_text(struct sink *sink, const struct live_stats *stats);

/* Do what heapalloc_stats_json() does. That is in another file, because this one has no unwind tables. */
size_t live_stats_print(char *text, size_t room);

void live_stats_json(struct sink *sink, const struct live_stats *stats);
void live_stats_metrics(struct sink *sink, const struct live_stats *stats);
