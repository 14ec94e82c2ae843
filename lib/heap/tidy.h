/* Slabs that nobody has needed for a while: what is free of them goes back. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Give back the current slab of a class, whose bin is spilled, when all of its blocks are at home. */
void tidy_current(struct heap *heap, uint32_t class);

/* Tidy the partial slabs, or the abandoned slabs, of at least `age`, at most `most`. What the heap has not needed for
 * so long goes to the abandoned slabs, for another may lack it. Returns how many more it could have been. */
uint32_t tidy_partial(struct heap *heap, uint8_t age, uint32_t most);
uint32_t tidy_abandoned(uint8_t age, uint32_t most);
