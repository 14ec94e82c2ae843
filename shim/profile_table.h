/* The profile's tables: places that allocated, and the live sampled blocks.
 *
 * A place is a call stack. Places are never removed and never move, so a profile is written while others count. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"

/* Sums of samples, unweighted, and weighted by what each stands for, in 65536ths. */
struct profile_sums {
    uint64_t blocks, bytes;
    uint64_t objects_16, space_16;
};

struct profile_place {
    struct profile_place *next;  /* in the same bucket */
    struct profile_place *older; /* in the list of all places */
    struct profile_sums taken, freed;
    uint64_t lost_blocks, lost_bytes; /* counted by the search for leaks */
    uint64_t hash;
    size_t depth;
    uintptr_t pcs[];
};

/* The newest place; the list of all begins with it. */
struct profile_place *profile_places(void);

/* The functions from here to profile_totals() are called by one thread at a time (profile.c has the lock). */

/* Enter a block of `size` bytes at `p`, allocated by the place with these return addresses. False: no memory. */
bool profile_add(const void *p, size_t size, const uintptr_t *pcs, size_t depth, uint64_t rate);

/* Remove the block at `p`, which was freed. False: it is not known. */
bool profile_remove(const void *p, uint64_t rate);

/* The place that allocated the block at `p`, and the requested size; NULL: the block is not known. */
struct profile_place *profile_find(const void *p, size_t *size);

/* The range of the table of blocks, whose addresses are no pointers of the program. */
void profile_range(uint64_t *from, uint64_t *to);

/* True when a block in the same unit of 16 KiB is known; only at rates above 1. */
bool profile_knows_near(const void *p);

/* The bytes that a sample of a block of `size` bytes stands for: an estimate without bias. */
uint64_t profile_weight(size_t size, uint64_t rate);

/* The bytes that all samples stand for, in 65536ths: allocated, and live. */
struct profile_totals {
    uint64_t taken_16, live_16;
};
struct profile_totals profile_totals(void);

/* A place's live and allocated sums; any thread may read them at any time. */
struct profile_sums profile_live(const struct profile_place *place);
struct profile_sums profile_taken(const struct profile_place *place);
