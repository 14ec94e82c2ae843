/* Who allocated each block that is in use: recorded on request (boot argument `callers=`), in images that are not
 * bounded, since a record takes as many steps as its neighbours are crowded. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Have memory for so many records, and begin. False: this image records none, or there is no such memory. Before other
 * cores allocate. */
bool callers_begin(uint64_t records);

bool callers_are_recorded(void);

/* A block was allocated, for code that continues at `caller`; it will be freed. Any core, also interrupt handlers. */
void callers_add(const void *block, size_t size, const void *caller);
void callers_remove(const void *block);

/* Forget all records: blocks that are in use now will not be listed. */
void callers_forget(void);

struct callers_sum {
    const void *caller;
    size_t blocks, bytes; /* as requested */
};

/* Sum up the blocks in use by caller, the most bytes first, into at most `most` sums; returns how many there are. The
 * last of them sums up all callers that have no place. */
uint32_t callers_sum_up(struct callers_sum *sums, uint32_t most);

/* Blocks that were not recorded because there was no place left. */
uint64_t callers_lost(void);
