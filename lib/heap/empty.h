/* The empty slabs that a heap keeps, among its partial ones, for when it needs blocks of their class again. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/policy.h"

/* How many the heap may keep now. */
INLINE uint32_t empty_max(const struct heap *heap) {
    uint32_t most = EMPTY_SLABS_MIN + heap->empty_steps * (uint32_t)EMPTY_SLABS_STEP;
    return most < EMPTY_SLABS_MAX ? most : EMPTY_SLABS_MAX;
}

/* A class takes a new slab, of which one was given back because there was no room for it among the empty ones: there is
 * more from now on, until empty_narrow(). */
void empty_widen(struct heap *heap);

/* The heap may keep no more than every heap may. */
void empty_narrow(struct heap *heap);

/* Give all of them back. */
void empty_flush(struct heap *heap);

/* The count of an owned slab is 0, so it has no used block any more: keep it as an empty one, or give it back. When it
 * is attached its count was that of its returns, and a slow path is due. */
void heap_slab_empty(struct unit *slab, struct heap *heap);

/* Somebody is about to ask a level for memory. When level 1 has nothing that was touched before, what is kept here goes
 * there first: cache_yield(), and the empty slabs where they are more than every heap may keep. */
void heap_yield(struct heap *heap);
