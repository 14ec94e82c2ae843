/* The partial slabs of a heap. */
/* SPDX-License-Identifier: MIT */
#include "heap/partial.h"
#include "slab/purged_pages.h"

STARTUP_TEXT void partial_add(struct heap *heap, struct unit *slab) {
    debug_check(slab->kind == UNIT_SLAB && !(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED | UNIT_EMPTY)));
    purged_wait(slab);
    slab_queue_add(&heap->classes[slab->class].partial, slab);
    slab->flags |= UNIT_PARTIAL;
    available_note(heap, slab->class);
}

STARTUP_TEXT void partial_note_empty(struct heap *heap, struct unit *slab) {
    debug_check(slab->flags & UNIT_PARTIAL && !(slab->flags & UNIT_EMPTY) && slab->used_blocks == 0);
    if (config_bounded) {
        struct slab_queue *queue = &heap->classes[slab->class].partial;
        slab_queue_remove(queue, slab);
        slab_queue_add_first(queue, slab);
    }
    slab->flags |= UNIT_EMPTY;
    heap->empty_slabs++;
}

STARTUP_TEXT void partial_remove(struct heap *heap, struct unit *slab) {
    debug_check(slab->flags & UNIT_PARTIAL && slab->owner == heap);
    slab_queue_remove(&heap->classes[slab->class].partial, slab);
    if (slab->flags & UNIT_EMPTY) heap->empty_slabs--;
    scavenge_forget(heap, slab);
    slab->flags &= (uint8_t) ~(UNIT_PARTIAL | UNIT_EMPTY);
    available_note(heap, slab->class);
}
