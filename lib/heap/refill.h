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
    of->taken_slabs = 0;
    if (old && (slab_uncarved(old) > 0 || !owner_leave_full(old))) partial_add(heap, old);
}

/* True when another heap wants slabs of `class`. */
INLINE bool refill_others_want(const struct heap *heap, size_t class) {
    const struct heap *wanting = load_relaxed(abandoned[class].wanting);
    return policy_exchanges() && wanting && wanting != heap;
}

/* The same, and others free into this heap's. */
INLINE bool refill_is_wanted(const struct heap *heap, size_t class) {
    return refill_others_want(heap, class) && heap->classes[class].exchanges;
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

/* What malloc tries first when a bin is empty: the first partial slab, if its own list has blocks, replaces the current
 * one, which has none left. Programs of mixed sizes do this all the time. It declines when the next slow path is to
 * look at the clock. Adopting is enabled when the slab has one block only, or when the heap frees much remotely. */
INLINE struct block *refill_from_partial(size_t class, struct heap *heap) {
    debug_check(class < CLASS_COUNT);
    struct size_class *of = &heap->classes[class];
    struct unit *slab = of->partial.first, *old = of->current;
    if (config_valgrind || unlikely(!slab || !old || heap->slow_left <= 1)) return NULL;
    if (config_bounded && slab->flags & UNIT_EMPTY) return NULL; /* whose turn comes last */
    struct block *block = slab->free;
    if (unlikely(!block_is_free(block, heap->secret))) return NULL;
    if (unlikely(heap->bin[class] != BLOCK_END || old->free != BLOCK_END || refill_is_wanted(heap, class))) return NULL;
    if (policy_passes_over(of, slab)) return NULL;
    heap->slow_left--;
    partial_remove_first(heap, &of->partial, slab);
    refill_make_current(heap, class, slab);
    refill_adopt_enable(heap, class, block->next == BLOCK_END);
    heap_fill(heap, class, slab, block);
    return block;
}

/* The same in a sampled heap, where that declines: fill the bin by the first partial slab. False: it has not. */
bool refill_sampled(struct heap *heap, uint32_t class);

/* Fill bin[class], which is empty; false: no memory. */
bool heap_refill(struct heap *heap, uint32_t class);
