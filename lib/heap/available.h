/* Which classes have blocks that are not in their bins, for the bounded build: it has no time to ask each class. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Note what a class has, after its partial slabs, its current one or that one's carved blocks have changed. */
INLINE void available_note(struct heap *heap, size_t class) {
    if (!config_bounded) return;
    const struct size_class *of = &heap->classes[class];
    const struct unit *current = of->current;
    bool more = of->partial.first || (current && (slab_uncarved(current) > 0 || current->free != BLOCK_END));
    heap->available = (heap->available & ~(UINT64_C(1) << class)) | (uint64_t)more << class;
}

/* No longer look whether `slab` is idle (heap/scavenge.h), because it is handed out or changes hands. */
INLINE void scavenge_forget(struct heap *heap, const struct unit *slab) {
    if (config_bounded && heap->scavenge.slab == slab) heap->scavenge.slab = NULL;
}
