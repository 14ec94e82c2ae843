/* The partial slabs of a heap, by class: each waits for its turn to fill the bin, and gathers frees meanwhile. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/available.h"
#include "slab/purged_pages.h"

/* Put an owned slab at the end of its heap's queue; take it out. */
void partial_add(struct heap *heap, struct unit *slab);
void partial_remove(struct heap *heap, struct unit *slab);

/* partial_add() in tail position; returns `p`. */
void *partial_add_passing(struct heap *heap, struct unit *slab, void *p);

/* The slab whose turn it is. In the bounded build the empty ones, which are first, come last, so that they go back. */
INLINE struct unit *partial_next(const struct slab_queue *queue) {
    struct unit *slab = queue->first;
    return config_bounded && slab && slab->flags & UNIT_EMPTY ? queue->last : slab;
}

/* partial_add() for a slab whose class this is: inline, because each slab of a batch that is freed in order comes here.
 */
INLINE void partial_append(struct heap *heap, size_t class, struct unit *slab) {
    debug_check(slab->kind == UNIT_SLAB && !(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED | UNIT_EMPTY)));
    debug_check(class == slab->class);
    purged_wait(slab);
    slab_queue_add(&heap->classes[class].partial, slab);
    slab->flags |= UNIT_PARTIAL;
    available_note(heap, class);
}

/* Note that a partial slab is empty: it counts as one that the heap keeps. */
INLINE void partial_note_empty(struct heap *heap, struct unit *slab) {
    debug_check(slab->flags & UNIT_PARTIAL && !(slab->flags & UNIT_EMPTY) && slab->used_blocks == 0);
    if (config_bounded) {
        struct slab_queue *queue = &heap->classes[slab->class].partial;
        slab_queue_remove(queue, slab);
        slab_queue_add_first(queue, slab);
    }
    slab->flags |= UNIT_EMPTY;
    heap->empty_slabs++;
}

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
