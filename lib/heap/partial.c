/* The partial slabs of a heap. */
/* SPDX-License-Identifier: MIT */
#include "heap/partial.h"

STARTUP_TEXT void partial_add(struct heap *heap, struct unit *slab) {
    partial_append(heap, slab->class, slab);
}

STARTUP_TEXT NOINLINE void *partial_add_passing(struct heap *heap, struct unit *slab, void *p) {
    partial_append(heap, slab->class, slab);
    return p;
}

STARTUP_TEXT void partial_remove(struct heap *heap, struct unit *slab) {
    debug_check(slab->flags & UNIT_PARTIAL && slab->owner == heap);
    slab_queue_remove(&heap->classes[slab->class].partial, slab);
    if (slab->flags & UNIT_EMPTY) heap->empty_slabs--;
    scavenge_forget(heap, slab);
    slab->flags &= (uint8_t) ~(UNIT_PARTIAL | UNIT_EMPTY);
    available_note(heap, slab->class);
}
