/* What a profile knows: places that allocated, and the live blocks that were told.
 *
 * Places are never forgotten and never move, so whoever writes a profile reads them while others count. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"

/* Sums of samples as they are, and of what they stand for in 65536ths. */
struct profile_sums {
    uint64_t blocks, bytes;
    uint64_t objects_16, space_16;
};

struct profile_place {
    struct profile_place *next;  /* of those with the same hash */
    struct profile_place *older; /* of all */
    struct profile_sums taken, freed;
    uint64_t lost_blocks, lost_bytes; /* for who looks for leaks */
    uint64_t hash;
    size_t depth;
    uintptr_t pcs[];
};

/* The place that was found last. */
struct profile_place *profile_places(void);

/* What is said below is done by one thread at a time (profile.c has the lock). */

/* A block of `size` bytes at `p`, of the place whose return addresses these are. False: no memory. */
bool profile_add(const void *p, size_t size, const uintptr_t *pcs, size_t depth, uint64_t rate);

/* The block at `p` is free. False: it is not known. */
bool profile_remove(const void *p, uint64_t rate);

/* The place that allocated the block at `p`, and how long it was to be; NULL: it is not known. */
struct profile_place *profile_find(const void *p, size_t *size);

/* Where the addresses of blocks stand, which are no pointers of the program's. */
void profile_range(uint64_t *from, uint64_t *to);

/* Some block is known that lies in the same unit of 16 KiB; asked where not every block is. */
bool profile_knows_near(const void *p);

/* Bytes that all samples stand for, in 65536ths: allocated, and live. */
struct profile_totals {
    uint64_t taken_16, live_16;
};
struct profile_totals profile_totals(void);

/* What is live is what was taken and not freed; for readers at any time. */
struct profile_sums profile_live(const struct profile_place *place);
struct profile_sums profile_taken(const struct profile_place *place);
