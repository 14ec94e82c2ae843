/* Filling an empty bin. */
#pragma once
#include "heap/heap.h"
#include "heap/orphans.h"

/* Let `slab` be the class's current one; the former waits if it has room, and has no owner if it is full. */
INLINE void refill_make_current(struct heap *heap, size_t class, struct unit *slab) {
    struct unit *old = heap->current[class];
    heap->current[class] = slab;
    if (old && (slab_uncarved(old) > 0 || !owner_leave_full(old))) heap_wait(heap, old);
}

/* Another heap lacks slabs of `class`. */
INLINE bool refill_is_wanted(const struct heap *heap, size_t class) {
    const struct heap *wanting = load_relaxed(orphans.wanting[class]);
    return wanting && wanting != heap;
}

/* Fill bin[class], which is empty; false: no memory. */
bool heap_refill(struct heap *heap, uint32_t class);
