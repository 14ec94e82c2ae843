/* Purged pages: pages of a slab that went back to the world because all blocks in them were free.
 *
 *   | page 0: used, free | page 1: a purged page | page 2: free, used | page 3: not carved |
 *
 * A free block's words are in the block, so those that start in a purged page are no blocks any more: they are in no
 * list, and are carved again when their class has nothing else. Until then every free into the slab takes the slow
 * path, which tells a block in a purged page from a used one. The end of a block may reach into a purged page from the
 * left, but not its words. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "slab/slab.h"

/* The present quarter of the decay time, in the upper half of a byte; set by every tick. */
extern uint8_t purged_now __attribute__((visibility("hidden")));
enum { PURGED_QUARTER = 1 << PURGED_SINCE_SHIFT, PURGED_DECAY = 4 * PURGED_QUARTER };

/* Note that the slab begins to wait now; how long it has waited: up to 15 quarters, then from 0 again. */
INLINE void purged_wait(struct unit *slab) {
    store_relaxed(slab->purged_pages, (uint8_t)((slab->purged_pages & PURGED_MASK) | load_relaxed(purged_now)));
}
INLINE uint8_t purged_age(const struct unit *slab) {
    return (uint8_t)(load_relaxed(purged_now) - (slab->purged_pages & ~PURGED_MASK));
}

/* Purge the pages in which all blocks are free, of an owned slab that is in no list and not attached. Makes system
 * calls. */
void purged_make(struct unit *slab, uintptr_t secret);
