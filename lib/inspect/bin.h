/* What is in a bin: blocks of the current slab and adopted ones, in any order. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/bin.h"

/* Collect the adopted blocks of a bin, up to the first block that is not sound; returns how many. */
uint32_t inspect_adopted(const struct block *adopted[ADOPTED_MAX], const struct heap *heap, uint32_t class);

/* Skip adopted blocks of a bin from `block` on. Returns a block of the current slab, BLOCK_END, or what is not sound
 * (no block of the class, or one that does not look free). With NULL as the heap, for a list that is no bin, it
 * returns `block`. */
const struct block *inspect_own(const struct heap *heap, uint32_t class, const struct block *block);

/* True when the lists of the heap and of its slabs can be relied on, because its thread exists. */
INLINE bool heap_is_readable(const struct heap *heap) {
    return heap->state == HEAP_LIVE;
}
