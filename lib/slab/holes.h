/* Holes: pages of a slab that went back to the world because all blocks in them were free.
 *
 *   | page 0: used, free | page 1: a hole | page 2: free, used | page 3: not carved |
 *
 * A free block's words lie in the block, so those that start in a hole are no blocks any more: they are in no list,
 * are carved anew when their class has nothing else, and until then every free into the slab takes the slow path, which
 * knows a block in a hole from a used one. Blocks only reach into holes from the left, with no words of theirs. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "slab/slab.h"

/* The time in quarters of the decay time, in the upper half of a byte; set by every tick. */
extern uint8_t holes_now __attribute__((visibility("hidden")));
enum { HOLES_QUARTER = 1 << HOLES_SINCE_SHIFT, HOLES_DECAY = 4 * HOLES_QUARTER };

/* The slab begins to wait now; how long it has waited: up to 15 quarters, and then again from 0. */
INLINE void holes_wait(struct unit *slab) {
    racy_store(slab->holes, (uint8_t)((slab->holes & HOLES_MASK) | load_relaxed(holes_now)));
}
INLINE uint8_t holes_age(const struct unit *slab) {
    return (uint8_t)(load_relaxed(holes_now) - (slab->holes & ~HOLES_MASK));
}

/* Give back the pages in which all blocks are free, of a slab one owns that is in nobody's hands but waits. System
 * calls. */
void holes_make(struct unit *slab, uintptr_t secret);
