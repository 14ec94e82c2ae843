/* Used and free blocks by size, counted by reading every unit while others go on. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "engine/classes.h"

enum { TALLY_SIZES = 32 };

struct tally_count {
    size_t blocks;
    size_t bytes;
};

/* A block that is in a bin, or that another thread has freed into a slab and its owner has not collected yet, counts as
 * used; what the medium caches keep counts as free. Blocks that are not carved yet are free. While others allocate
 * and free, each unit counts as it is when it is read.
 *   classes[c].slabs * capacity == classes[c].used + classes[c].free                    tests: tally */
struct tally {
    struct tally_class {
        size_t slabs;
        size_t used_blocks;
        size_t free_blocks;
    } classes[CLASS_COUNT];
    struct tally_count medium, large;            /* callers' blocks; of whole units */
    struct tally_count pools, arenas;            /* slabs, and chunks */
    struct tally_count redzones;                 /* callers' blocks between red zones that lie in no slab */
    struct tally_count guarded;                  /* callers' blocks in guard slots, outside of all spans */
    struct tally_count free_medium[TALLY_SIZES]; /* free, by the highest bit of their bytes */
    struct tally_count free_large[TALLY_SIZES];  /* the same of extents of level 1, by that of their units */
};

/* Any thread; O(units). */
void tally_read(struct tally *tally);

/* A thread's heap: the slabs it owns, and what its medium cache keeps. A slab without a free block has no owner. */
struct tally_heap {
    const void *heap;
    size_t index; /* in the order they were made; a parked heap's is used again with it */
    bool live;    /* a thread has it now */
    size_t slabs;
    size_t used_bytes; /* in blocks of those slabs that are out, or in a bin */
    size_t free_bytes;
    size_t cached_bytes;
};

/* Fill in the `room` oldest heaps. Returns how many there are in all. Any thread; O(units + heaps). */
size_t tally_heaps(struct tally_heap *rows, size_t room);

/* Call `function` for every range that the heap has mapped: memory, then tables. Any thread; O(spans). */
typedef void tally_range(const char *from, size_t bytes, void *context);
void tally_ranges(tally_range *function, void *context);
