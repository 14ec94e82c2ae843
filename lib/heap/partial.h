/* The partial slabs of a heap, by class: each waits for its turn to fill the bin, and gathers frees meanwhile. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/available.h"

/* Put an owned slab at the end of its heap's queue; take it out. */
void partial_add(struct heap *heap, struct unit *slab);
void partial_remove(struct heap *heap, struct unit *slab);

/* The slab whose turn it is. In the bounded build the empty ones, which are first, come last, so that they go back. */
INLINE struct unit *partial_next(const struct slab_queue *queue) {
    struct unit *slab = queue->first;
    return config_bounded && slab && slab->flags & UNIT_EMPTY ? queue->last : slab;
}

/* Note that a partial slab is empty: it counts as one that the heap keeps. */
void partial_note_empty(struct heap *heap, struct unit *slab);

INLINE void partial_remove_first(struct heap *heap, struct slab_queue *queue, struct unit *slab) {
    debug_check(queue->first == slab && slab->flags & UNIT_PARTIAL && slab->owner == heap);
    queue->first = slab->next;
    *(slab->next ? &slab->next->prev : &queue->last) = NULL;
    slab->next = NULL;
    queue->count--;
    if (slab->flags & UNIT_EMPTY) heap->empty_slabs--;
    slab->flags &= (uint8_t) ~(UNIT_PARTIAL | UNIT_EMPTY);
    available_note(heap, slab->class);
}
