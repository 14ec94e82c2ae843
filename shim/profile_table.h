/* The profile's table of sampled blocks that are live: by address, each with its place.
 *
 * One thread at a time calls these functions: profile.c has the lock, or the others are stopped. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "profile_places.h"

/* Enter a block of `size` bytes at `p`, allocated by the place with these return addresses. False: no memory. */
bool profile_add(const void *p, size_t size, const uintptr_t *pcs, size_t depth, uint64_t rate);

/* Remove the block at `p`, which was freed. False: it is not known. */
bool profile_remove(const void *p, uint64_t rate);

/* The place that allocated the block at `p`, and the requested size; NULL: the block is not known. */
struct profile_place *profile_find(const void *p, size_t *size);

/* The range of the table of blocks, whose addresses are no pointers of the program. */
void profile_range(uint64_t *from, uint64_t *to);

/* The bytes that all samples stand for, in 65536ths: allocated, and live. */
struct profile_totals {
    uint64_t taken_16, live_16;
};
struct profile_totals profile_totals(void);
