/* The empty slabs that a heap keeps, among its partial ones, for when it needs blocks of their class again. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/partial.h"
#include "heap/policy.h"

/* How many empty slabs the heap may keep now. */
INLINE uint32_t empty_max(const struct heap *heap) {
    uint32_t most = EMPTY_SLABS_MIN + heap->empty_steps * (uint32_t)EMPTY_SLABS_STEP;
    return most < EMPTY_SLABS_MAX ? most : EMPTY_SLABS_MAX;
}

/* Keep a partial slab whose count became 0 as an empty one, if the heap keeps few enough; else do nothing. */
INLINE bool empty_keep(struct heap *heap, struct unit *slab) {
    debug_check(slab->owner == heap && slab->used_blocks == 0);
    if (config_bounded || (slab->flags & (UNIT_PARTIAL | UNIT_EMPTY)) != UNIT_PARTIAL) return false;
    if (unlikely(heap->empty_slabs >= empty_max(heap))) return false;
    partial_note_empty(heap, slab);
    return true;
}

/* Let the heap keep more empty slabs until empty_narrow(): a class takes a new slab after one was given back because
 * there was no room for it. */
void empty_widen(struct heap *heap);

/* Let the heap keep no more than every heap may. */
void empty_narrow(struct heap *heap);

/* Give all empty slabs back. */
void empty_flush(struct heap *heap);

/* Act on an owned slab whose count became 0: keep it as an empty one, or give it back. If it is attached, the count was
 * that of returns, and a slow path is counted. */
void heap_slab_empty(struct unit *slab, struct heap *heap);

/* Give back what the heap keeps before a level is asked for memory, if level 1 has no dirty units: cache_yield(), and
 * the empty slabs if they are more than every heap may keep. */
void heap_yield(struct heap *heap);
