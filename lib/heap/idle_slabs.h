/* Slabs that nobody has needed for a while: what is free of them goes back. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Give back the current slab of a class, whose bin is flushed, when it has no used block. */
void idle_slabs_current(struct heap *heap, uint32_t class);

/* Tidy at most `most` partial slabs, or abandoned slabs, that have waited for `age`. What the heap has not needed for
 * so long goes to the abandoned slabs, where another heap may need it. Returns what is left of `most`. */
uint32_t idle_slabs_partial(struct heap *heap, uint8_t age, uint32_t most);
uint32_t idle_slabs_abandoned(uint8_t age, uint32_t most);
