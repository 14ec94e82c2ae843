/* Purged pages: pages of a slab that went back to the world because all blocks in them were free.
 *
 *   | page 0: used, free | page 1: a purged page | page 2: free, used | page 3: not carved |
 *
 * A free block's words lie in the block, so those that start in a purged page are no blocks any more: they are in no
 * list, are carved anew when their class has nothing else, and until then every free into the slab takes the slow path,
 * which knows a block in a purged page from a used one. Blocks only reach into purged pages from the left, with no
 * words of theirs. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "slab/slab.h"

/* The time in quarters of the decay time, in the upper half of a byte; set by every tick. */
extern uint8_t purged_now __attribute__((visibility("hidden")));
enum { PURGED_QUARTER = 1 << PURGED_SINCE_SHIFT, PURGED_DECAY = 4 * PURGED_QUARTER };

/* The slab begins to wait now; how long it has waited: up to 15 quarters, and then again from 0. */
INLINE void purged_wait(struct unit *slab) {
    store_relaxed(slab->purged_pages, (uint8_t)((slab->purged_pages & PURGED_MASK) | load_relaxed(purged_now)));
}
INLINE uint8_t purged_age(const struct unit *slab) {
    return (uint8_t)(load_relaxed(purged_now) - (slab->purged_pages & ~PURGED_MASK));
}

/* Give back the pages in which all blocks are free, of a slab one owns that is in nobody's hands but waits. System
 * calls. */
void purged_make(struct unit *slab, uintptr_t secret);
