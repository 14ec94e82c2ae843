/* Which blocks the profiler surely does not know.
 *
 * Known blocks, and their units of 16 KiB, are counted by their addresses' hashes, so that those who free other blocks
 * of a slab that has one need no lock. Source: Fan et al., Summary Cache, 1998, section V. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"

enum { FILTER_BITS = 14 };

/* lock: the profile's; both are read without it */
struct profile_filter {
    uint32_t blocks[1 << FILTER_BITS], units[1 << FILTER_BITS];
};
extern struct profile_filter profile_filter __attribute__((visibility("hidden")));

INLINE size_t profile_filter_hash(uintptr_t number) {
    return number * UINT64_C(0x9e3779b97f4a7c15) >> (64 - FILTER_BITS);
}

/* False: the block at `p` is not known, or none in its unit. Any thread may ask at any time about a block that it has.
 */
INLINE bool profile_may_know(const void *p) {
    return load_relaxed(profile_filter.blocks[profile_filter_hash((uintptr_t)p >> 4)]) > 0;
}
INLINE bool profile_may_know_near(const void *p) {
    return load_relaxed(profile_filter.units[profile_filter_hash((uintptr_t)p / UNIT_BYTES)]) > 0;
}

/* A block becomes known (1), or is not any more (-1). The caller holds the profile's lock. */
void profile_filter_count(const void *p, int change);
