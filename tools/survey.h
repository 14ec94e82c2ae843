/* Sums over a heap that is read from outside. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "target.h"

enum { SURVEY_STATES = 3, SURVEY_KINDS = 5, SURVEY_CELLS = 64, SURVEY_HEAPS = 128 };

struct survey_sum {
    uint64_t blocks, bytes;
};

/* A part of the heap's addresses: what is live in it, and all that is not in whole free units. */
struct survey_cell {
    uint64_t live, used;
};

/* A heap's slabs, the oldest heap first. A slab in which all blocks are in use has no owner. */
struct survey_heap {
    uint64_t address;
    bool has_thread;
    struct survey_sum sums[SURVEY_STATES];
};

struct survey {
    const struct reader *reader;
    uint64_t from, to; /* the range of the cells: all units that were in use when the look began */
    struct survey_cell cells[SURVEY_CELLS];
    struct survey_sum states[SURVEY_STATES];                      /* by enum heapalloc_block_state */
    struct survey_sum classes[READER_CLASSES_MAX][SURVEY_STATES]; /* small blocks */
    struct survey_sum kinds[SURVEY_KINDS][SURVEY_STATES];         /* by enum heapalloc_block_kind */
    uint32_t class_bytes[READER_CLASSES_MAX];
    uint64_t largest_free;
    uint32_t heaps, heaps_live;
    struct survey_heap heap_rows[SURVEY_HEAPS + 1]; /* the last `heap_count` of all, and behind them of no heap */
    uint32_t heap_count, heap_first;                /* heap_first: the number of the first row's heap */
    uint32_t heap_last;                             /* the row that was used last */
};

/* Walk the target's heap and add up. False: its roots cannot be read. */
bool survey_take(struct survey *survey, struct target *target);

/* The percentage of live bytes among all bytes that are in blocks and not in whole free units; 100 if there are none.
 */
unsigned survey_density(const struct survey *survey);

/* "12.3 MiB", in a buffer that stays valid until the fourth call from now. */
const char *survey_size(uint64_t bytes);
