/* Filling an empty bin. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/abandoned.h"
#include "heap/bin.h"
#include "heap/partial.h"

/* Make `slab` the class's current one. Returns the former (NULL: none), which is not attached any more. */
INLINE struct unit *refill_exchange(struct heap *heap, struct size_class *of, struct unit *slab) {
    debug_check(slab->owner == heap && !of->attached && !(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED)));
    struct unit *old = of->current;
    of->current = slab;
    of->taken_slabs = 0;
    return old;
}

/* Give up a former current slab that is full. False: it has room, or a block has come back, and it becomes partial. */
INLINE bool refill_leave(struct unit *old) {
    return slab_uncarved(old) == 0 && owner_leave_full(old);
}

/* Make `slab` the class's current one; the former becomes partial if it has room, and has no owner if it is full. */
INLINE void refill_replace(struct heap *heap, struct size_class *of, struct unit *slab) {
    struct unit *old = refill_exchange(heap, of, slab);
    if (old && !refill_leave(old)) partial_add(heap, old);
}
INLINE void refill_make_current(struct heap *heap, size_t class, struct unit *slab) {
    heap_detach_slab(heap, class);
    refill_replace(heap, &heap->classes[class], slab);
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

/* The slab that an empty bin is filled from first, if it has blocks; NULL: there is none. */
INLINE struct unit *refill_first(size_t class, const struct heap *heap) {
    debug_check(class < CLASS_COUNT);
    const struct size_class *of = &heap->classes[class];
    return config_valgrind || unlikely(!of->partial.first || !of->current) ? NULL : of->partial.first;
}

/* True when the class's first partial slab, whose own list begins with `block`, may replace the current one. */
INLINE bool refill_may(size_t class, struct heap *heap, const struct unit *slab, const struct block *block) {
    struct size_class *of = &heap->classes[class];
    if (config_bounded && slab->flags & UNIT_EMPTY) return false; /* whose turn comes last */
    if (unlikely(!block_is_free(block, heap->secret))) return false;
    if (unlikely(heap->bin[class] != BLOCK_END || of->current->free != BLOCK_END)) return false;
    return likely(!refill_is_wanted(heap, class)) && !policy_passes_over(of, slab);
}

/* What malloc tries first when a bin is empty: the first partial slab, if its own list has blocks, replaces the current
 * one, which has none left. Programs of mixed sizes do this all the time. Not when the next slow path is to look at the
 * clock. Returns that slab, for refill_by(); NULL: it declines. */
INLINE struct unit *refill_ready(size_t class, struct heap *heap) {
    struct unit *slab = refill_first(class, heap);
    if (!slab || unlikely(heap->slow_left <= 1)) return NULL;
    return refill_may(class, heap, slab, slab->free) ? slab : NULL;
}

/* Fill the bin from that slab, and hand out its first block. Adopting is enabled when the slab has one block only, or
 * when the heap frees much remotely. The former current slab comes last: that it is not full is rare, and a call in
 * tail position needs no register saved. */
INLINE struct block *refill_by(size_t class, struct heap *heap, struct unit *slab) {
    struct size_class *of = &heap->classes[class];
    struct block *block = slab->free;
    heap->slow_left--;
    partial_remove_first(heap, &of->partial, slab);
    heap_detach_slab(heap, class);
    struct unit *old = refill_exchange(heap, of, slab);
    refill_adopt_enable(heap, class, block->next == BLOCK_END);
    heap_fill(heap, class, slab, block);
    return likely(refill_leave(old)) ? block : partial_add_passing(heap, old, block);
}

/* Both in turn. NULL: it declines. */
INLINE struct block *refill_from_partial(size_t class, struct heap *heap) {
    struct unit *slab = refill_ready(class, heap);
    return slab ? refill_by(class, heap, slab) : NULL;
}

/* The same in a sampled heap, whose bin stays before the next event. NULL: one is near, or the above would decline. */
struct block *refill_sampled(struct heap *heap, size_t class);

/* What malloc tries when it does not take the above, because the clock's time has come or the heap is sampled: in a
 * sampled heap the same, unless its own time has come. */
typedef void *heap_alloc_wide(size_t size, struct heap *heap);
void *refill_or_call(size_t size, struct heap *heap, size_t class, heap_alloc_wide *last);

/* Fill bin[class], which is empty; false: no memory. */
bool heap_refill(struct heap *heap, uint32_t class);
