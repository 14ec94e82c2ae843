/* The sites of two profiles, side by side. A site is a call stack, by the names of its functions: addresses and lines
 * may differ from one run of a program to the next. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap_profile.h"

struct site_pair {
    double before[PROFILE_VALUES], after[PROFILE_VALUES];
    const struct heap_profile *profile; /* one that has the site, and its sample there */
    const struct profile_sample *sample;
};

struct site_pairs {
    struct site_pair *pairs;
    size_t count, room;
    struct number_map stacks; /* numbers for stacks, by that of the stack without its last function, and that */
    struct number_map sites;  /* pairs, by their stacks */
};

/* Compare profiles that share their names, and sort by how much this value changed, the most first. False: there is no
 * memory. site_pairs_free() is due after either. */
bool site_pairs_make(struct site_pairs *pairs, const struct heap_profile *before, const struct heap_profile *after,
                     enum profile_value value);
void site_pairs_free(struct site_pairs *pairs);
