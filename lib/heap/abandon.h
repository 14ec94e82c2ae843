/* Giving up slabs that a heap owns and does not need, for others to take. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Give up an owned slab that is neither current nor partial: to level 1 when it is empty, without an owner when it is
 * full, else to the abandoned slabs. */
void abandon_slab(struct unit *slab);

/* The same for the first `count` partial slabs of the class. */
void abandon_partial(struct heap *heap, uint32_t class, uint32_t count);
