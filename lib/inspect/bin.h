/* What is in a bin: blocks of the current slab, and adopted, mixed. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/bin.h"

/* The adopted blocks of a bin, as far as it is sound; returns how many. */
uint32_t inspect_adopted(const struct block *adopted[ADOPTED_MAX], const struct heap *heap, uint32_t class);

/* The first of a bin's blocks from `block` on that is no adopted block: one of the current slab, BLOCK_END, or what is
 * not sound (no block of the class, or one that does not look free). Without a heap `block` itself, for a list that is
 * no bin. */
const struct block *inspect_own(const struct heap *heap, uint32_t class, const struct block *block);

/* True when the lists of the heap, and so of its slabs, can be relied on: its thread is here. */
INLINE bool heap_is_readable(const struct heap *heap) {
    return heap->state == HEAP_LIVE;
}
