/* Filling an empty bin. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/abandoned.h"
#include "heap/bin.h"
#include "heap/partial.h"

/* Make `slab` the class's current one; the former becomes partial if it has room, and has no owner if it is full. */
INLINE void refill_make_current(struct heap *heap, size_t class, struct unit *slab) {
    debug_check(slab->owner == heap && slab->class == class && !(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED)));
    struct size_class *of = &heap->classes[class];
    struct unit *old = of->current;
    heap_detach_slab(heap, class);
    of->current = slab;
    if (old && (slab_uncarved(old) > 0 || !owner_leave_full(old))) partial_add(heap, old);
}

/* True when another heap wants slabs of `class`, and others free into this heap's. */
INLINE bool refill_is_wanted(const struct heap *heap, size_t class) {
    const struct heap *wanting = load_relaxed(abandoned[class].wanting);
    return policy_exchanges() && wanting && wanting != heap && heap->classes[class].exchanges;
}

/* Enable adopting when a partial slab is about to fill the bin, if the heap has freed many blocks remotely since the
 * last one did, or if the slab has gathered `only` one block. */
INLINE void refill_adopt_enable(struct heap *heap, size_t class, bool only) {
    struct size_class *of = &heap->classes[class];
    if (unlikely(of->remote_frees > 0)) {
        if (policy_frees_much_remotely(of)) heap_adopt_enable(heap, class);
        of->remote_frees = 0;
    }
    if (only) heap_adopt_enable(heap, class);
}

/* Fill bin[class], which is empty; false: no memory. */
bool heap_refill(struct heap *heap, uint32_t class);
