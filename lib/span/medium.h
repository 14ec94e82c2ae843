/* Level 2: blocks of 512-byte granules between the slabs and the extents of level 1, in constant time (TLSF).
 *
 * Blocks lie side by side in extents taken from level 1; their descriptors (span/granule.h) lie elsewhere.
 * Extents that touch become one. When whole units are free, and level 2 has enough else, they return to level 1.
 *
 *   blocks tile level 2's units; slots of inner granules are 0     verify: medium_blocks
 *   free blocks never touch                                        verify: medium_coalesced
 *   slot[count].before == count for every block                    verify: medium_before
 *   free_granules == sum of the free blocks' counts, and free_blocks how many they are      verify: medium_sum */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/medium_index.h"

/* Take a block of `count` granules at a multiple of `align_granules`; its slot says ZERO when it is known to be
 * zero. NULL: no memory, or a fork is under way. */
struct granule *medium_take(uint32_t count, uint32_t align_granules);

/* The same, unaligned, from what level 2 has, if its lock is free. NULL: call medium_take(), which may wait, or take
 * more units. */
struct granule *medium_take_ready(uint32_t count);

/* The same by all means: wait for the lock, take a run of units from level 1. medium_take() calls it. */
struct granule *medium_take_slow(uint32_t count, uint32_t align_granules);

/* The bounded build's two halves of medium_take(): a block from what level 2 has, and one from a new run of units. Both
 * may wait for a lock. NULL: there is none. */
struct granule *medium_take_found(uint32_t count);
struct granule *medium_take_new(uint32_t count);

/* Take a block from the low end of about the largest free block, so that it has room to grow, and from a unit's start
 * if it is long, so that it can become a large one; the closest one instead when much is free (decision 410). */
struct granule *medium_take_roomy(uint32_t count);

/* Give a block back (its slot says USED or CACHED). Never waits. */
void medium_give(struct granule *slot);
