/* Which blocks the profiler surely does not know.
 *
 * Known blocks, and their units of 16 KiB, are counted by their addresses' hashes, so that those who free other blocks
 * of a slab that has one need no lock. Source: Fan et al., Summary Cache, 1998, section V. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

/* False: the block at `p` is not known, or none in its unit. Any thread may ask at any time about a block that it has.
 */
bool profile_may_know(const void *p);
bool profile_may_know_near(const void *p);

/* A block becomes known (1), or is not any more (-1). The caller holds the profile's lock. */
void profile_filter_count(const void *p, int change);
