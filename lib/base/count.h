/* Counts what threads do to one another, in a build of its own (-DHEAPALLOC_COUNT=ON): atomic read-modify-writes, locks
 * taken, waits, and writes of shared words into a line that another thread wrote last. In any other build it is nothing
 * at all.
 *
 * Counted where the core says that a word is shared: lock words, states that change by compare-and-swap, racy and
 * atomic stores, sums under a lock. The plain writes of an index that a lock protects are not: a lock that comes from
 * another thread brings some five lines more than are counted here. */
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
