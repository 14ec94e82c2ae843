/* The places that allocated: call stacks, each with its sums.
 *
 * Places are never removed and never move, so a profile is written while others count. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "profile_sums.h"

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

/* The place with these return addresses; NULL: no memory for a new one. Called by one thread at a time (profile.c has
 * the lock). */
struct profile_place *profile_place_of(const uintptr_t *pcs, size_t depth);

/* A place's live and allocated sums; any thread may read them at any time. */
struct profile_sums profile_live(const struct profile_place *place);
struct profile_sums profile_taken(const struct profile_place *place);
