/* What is in a bin: guests first, then blocks of the current slab. */
#pragma once
#include "heap/heap.h"

struct bin_parts {
    const struct block *guests[GUESTS_MAX];
    uint32_t guest_count;
    const struct block *own; /* the list from the first block that is no sound guest */
};

/* Take the bin apart. A guest that is not sound (no block of its class, or one that does not look free) begins `own`, where
 * whoever checks the current slab's blocks finds it. */
void inspect_bin(struct bin_parts *parts, const struct heap *heap, uint32_t class);

/* True when the lists of the heap, and so of its slabs, can be relied on: its thread is here. */
INLINE bool heap_is_readable(const struct heap *heap) { return heap->state == HEAP_LIVE; }
