/* Counts how threads disturb each other, in a build of its own (-DHEAPALLOC_COUNT=ON); in any other it is nothing.
 *
 * Counted are atomic read-modify-writes, locks taken, waits, and writes of shared words into a cache line that another
 * thread wrote last. Shared is what the core marks so: lock words, states that change by compare-and-swap, racy and
 * atomic stores, sums under a lock. Plain writes to an index under a lock are not: a lock taken after another thread
 * had it costs some five more lines than are counted here. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

enum count_kind { COUNT_ATOMIC, COUNT_LOCK, COUNT_WAIT, COUNT_LINE, COUNT_KINDS };

#ifdef HEAPALLOC_COUNT
void count_one(enum count_kind kind);
void count_write(const void *at);
#else
#define count_one(kind) ((void)0)
#define count_write(at) ((void)0)
#endif
