/* What the heap's memory is while the program runs, for programs that read it: JSON, and OpenMetrics text. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"
#include "inspect/by_name.h"
#include "inspect/stats.h"
#include "inspect/tally.h"
#include "sink.h"

enum { LIVE_HEAPS = 32 };

/* Read while others go on: each number was true at some moment meanwhile.
 *   allocated <= active + what changed meanwhile; active + dirty + retained + metadata == mapped    tests: live_stats
 */
struct live_stats {
    struct heapalloc_stats sums;
    struct stats_blocks blocks;
    struct tally tally;
    size_t resident_bytes;
    size_t most_mapped_bytes;
    size_t heap_count;                   /* all there ever were */
    struct tally_heap heaps[LIVE_HEAPS]; /* the oldest */
    struct by_name named;
};

/* False: a fork is under way, and nothing was read. */
bool live_stats_read(struct live_stats *stats);

/* Eight lines for people. */
void live_stats_text(struct sink *sink, const struct live_stats *stats);

/* What heapalloc_stats_json() does. This file's code has no tables that lead to a caller. */
size_t live_stats_print(char *text, size_t room);

void live_stats_json(struct sink *sink, const struct live_stats *stats);
void live_stats_metrics(struct sink *sink, const struct live_stats *stats);
