/* Which call sites hold free memory in slabs: by the sampled blocks of a process that profiles.
 *
 * Each live block has an equal share in what is free in its slab. A sampled block stands for as many as it was sampled
 * from, so the shares of a site are an unbiased estimate of what its blocks keep from being given back. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap_profile.h"
#include "target.h"

struct pin {
    uint64_t address, place; /* of the block, and of what the process knows of its call stack */
    double weight;           /* how many blocks it stands for */
    uint64_t bytes;
    double held; /* what is free in its slab, for each live block there */
};

struct pins {
    struct pin *pins; /* in the order of addresses */
    size_t count;
};

/* Read the sampled blocks. False: the process does not profile, or they cannot be read. */
bool pins_read(struct pins *pins, struct target *target);

/* The table they are in, whose addresses are no pointers of the program. False: there is none. */
bool pins_range(struct target *target, uint64_t *from, uint64_t *to);
void pins_free(struct pins *pins);

/* Keep only the one of the block at this address. False: it was not sampled. */
bool pins_keep(struct pins *pins, uint64_t address);

/* The slab from `from` to `to` has so many free bytes for each live block. */
void pins_note_slab(struct pins *pins, uint64_t from, uint64_t to, double held);

/* Make a profile of them, with names: a sample's live sums, and in ALL_BYTES what it holds. False: there is none. */
bool pins_profile(const struct pins *pins, struct target *target, struct heap_profile *profile, struct names *names);
