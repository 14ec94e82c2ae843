/* Filling an empty bin. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/abandoned.h"
#include "heap/bin.h"
#include "heap/partial.h"

/* Let `slab` be the class's current one; the former waits if it has room, and has no owner if it is full. */
INLINE void refill_make_current(struct heap *heap, size_t class, struct unit *slab) {
    struct unit *old = heap->current[class];
    heap_detach_slab(heap, class);
    heap->current[class] = slab;
    if (old && (slab_uncarved(old) > 0 || !owner_leave_full(old))) partial_add(heap, old);
}

/* Another heap lacks slabs of `class`, and this one has some because others free into them. */
INLINE bool refill_is_wanted(const struct heap *heap, size_t class) {
    const struct heap *wanting = load_relaxed(abandoned[class].wanting);
    return wanting && wanting != heap && heap->exchanges[class];
}

/* A slab is sparse that has gathered but a few blocks when its turn comes: each turn costs a claim and a refill, in a
 * large heap for a single block. When several have been, the class gets a slab although others wait, so that those
 * gather more; up to one for EXTRA_PART that wait. */
enum { SPARSE_PART = 32, SPARSE_BLOCKS_MAX = 8, SPARSE_REFILLS_MAX = 4, EXTRA_PART = 12, REMOTE_FREES_MANY = 16 };

INLINE bool refill_is_sparse(const struct unit *slab, size_t class) {
    uint32_t few = class_shapes[class].capacity_blocks / SPARSE_PART;
    return (uint32_t)(slab->resident_blocks - slab->used_blocks) < (few < SPARSE_BLOCKS_MAX ? few : SPARSE_BLOCKS_MAX);
}

/* A waiting slab is about to fill the bin. When the heap has given others many blocks since the last one did, or the
 * slab has gathered no more than the `only` one, what it frees next stays here. */
INLINE void refill_adopt_enable(struct heap *heap, size_t class, bool only) {
    if (unlikely(heap->remote_frees[class] > 0)) {
        if (heap->remote_frees[class] >= REMOTE_FREES_MANY) heap_adopt_enable(heap, class);
        heap->remote_frees[class] = 0;
    }
    if (only) heap_adopt_enable(heap, class);
}

/* Fill bin[class], which is empty; false: no memory. */
bool heap_refill(struct heap *heap, uint32_t class);
