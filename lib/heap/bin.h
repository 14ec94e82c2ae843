/* Bins: a heap's free blocks of a class, to which frees into the current slab return.
 *
 *   heap->bin[c] --> block --> block --> ...        attached: slab->bin says where bin[c] is, less the offset of `free`
 *   slab->free   --> block --> ...                  not attached: the slab's own list, at the same offset in its line
 *
 * So a freed block is linked at one offset from one of two addresses, and free selects the address without a branch.
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/available.h"
#include "heap/policy.h"

/* The value of slab->bin for an attached slab. */
INLINE char *heap_bin_of(size_t class, const struct heap *heap) {
    return (char *)(uintptr_t)&heap->bin[class] - offsetof(struct unit, free);
}

/* The list that a freed block goes to: the bin if the slab is attached, else the slab's own. No branch, as no processor
 * can predict which. */
INLINE struct block **heap_list_of(struct unit *slab) {
    char *at = (char *)slab;
#if defined(__x86_64__)
    __asm__("testb %2, %1\n\tcmovne %3, %0" : "+r"(at) : "m"(slab->flags), "i"(UNIT_ATTACHED), "m"(slab->bin) : "cc");
#else
    char *bin = slab->bin;
    COMPUTED(bin);
    if (slab->flags & UNIT_ATTACHED) at = bin;
    COMPUTED(at);
#endif
    return (struct block **)(at + offsetof(struct unit, free));
}

INLINE void heap_list(struct block *block, struct unit *slab, struct heap *heap) {
    debug_check(slab->owner == heap);
    struct block **list = heap_list_of(slab);
    block_link(block, *list, heap->secret);
    *list = block;
}

/* Attach the current slab, whose blocks are all out or in the bin: frees return to the bin, and after `returns` of them
 * a slow path is counted. */
INLINE void heap_attach_slab(struct heap *heap, size_t class, struct unit *slab, uint16_t returns) {
    struct size_class *of = &heap->classes[class];
    debug_check(of->current == slab && !of->attached && !(slab->flags & UNIT_PARTIAL));
    debug_check(slab->owner == heap && returns > 0);
    of->attached = slab;
    slab->flags |= UNIT_ATTACHED;
    slab->bin = heap_bin_of(class, heap);
    slab->free = BLOCK_END;
    slab->returns_left = returns;
    scavenge_forget(heap, slab);
    available_note(heap, class);
}

/* Detach the current slab: it counts its used blocks again, and all resident ones are. */
INLINE void heap_detach_slab(struct heap *heap, size_t class) {
    struct size_class *of = &heap->classes[class];
    struct unit *slab = of->attached;
    if (!slab) return;
    of->attached = NULL;
    scavenge_forget(heap, slab);
    slab->flags &= (uint8_t)~UNIT_ATTACHED;
    slab->bin = NULL;
    slab->used_blocks = slab->resident_blocks;
}

/* The same for any heap. In a sampled one the slab may be without the flag, and so counts its used blocks already; with
 * it, frees that have not come were counted ahead (heap/sample.h). */
INLINE void heap_close_bin(struct heap *heap, size_t class) {
    struct size_class *of = &heap->classes[class];
    struct unit *slab = of->attached;
    if (unlikely(slab && !(slab->flags & UNIT_ATTACHED))) {
        of->attached = NULL;
        return;
    }
    if (!config_bounded && unlikely(heap->sample.rate) && slab)
        of->sample_left += (uint64_t)slab->returns_left * slab->block_bytes;
    heap_detach_slab(heap, class);
}

/* Fill the bin with all free blocks of its current slab, and hand out the first of them. */
INLINE void heap_fill(struct heap *heap, size_t class, struct unit *slab, struct block *first) {
    debug_check(heap->bin[class] == BLOCK_END && first != BLOCK_END);
    heap->bin[class] = first->next;
    heap_attach_slab(heap, class, slab, heap->returns);
    block_clear(first);
}

/* Put `block` of `class`, just freed into a slab that is not this heap's, into the bin as an adopted block; the budget
 * has room. False: no slab is attached. */
INLINE bool heap_adopt(struct heap *heap, size_t class, struct block *block) {
    struct size_class *of = &heap->classes[class];
    debug_check(of->adopt_budget > 0 && heap->state == HEAP_LIVE);
    if (!of->attached) return false;
    of->adopt_budget--;
    of->attached->returns_left = heap->returns; /* not fresh any more */
    block_link(block, heap->bin[class], heap->secret);
    heap->bin[class] = block;
    return true;
}

/* Let the next frees of `class` into others' slabs be adopted. Not while a fork's left-behind heaps are recovered:
 * their free blocks are counted by keys, which adopted blocks have too. */
INLINE void heap_adopt_enable(struct heap *heap, size_t class) {
    if (policy_exchanges() && heaps.left_by_fork == 0) heap->classes[class].adopt_budget = policy_adopt_budget(class);
}

/* True when `block`, in a bin whose current slab is `current` or NULL, is an adopted block. */
INLINE bool heap_is_adopted(const struct unit *current, const struct block *block) {
    return !current || ((uintptr_t)block ^ (uintptr_t)current->memory) >> UNIT_SHIFT;
}

/* Take the first block from a bin that is not empty; it keeps its key. */
INLINE struct block *heap_unbin(struct heap *heap, uint32_t class) {
    debug_check(heap->bin[class] != BLOCK_END);
    struct block *block = heap->bin[class];
    if (unlikely(!block_is_free(block, heap->secret))) check_corrupted_list("malloc", block);
    heap->bin[class] = block->next;
    return block;
}

typedef void *heap_alloc_small(size_t size, struct heap *heap, size_t class);
/* Pop the bin of `class`, which serves `size`; else call `slow`, in tail position. The next block, perhaps freed long
 * ago, is prefetched while the program writes to this one. */
INLINE void *heap_pop(struct heap *heap, size_t class, size_t size, heap_alloc_small *slow) {
    struct block *block = heap->bin[class];
    if (!config_safety && unlikely(block == BLOCK_END)) return slow(size, heap, class);
    struct block *next = block->next;
    if (config_safety && unlikely(block->key != block_key(block, next, heap->secret))) return slow(size, heap, class);
    block_clear(block);
    heap->bin[class] = next;
    PREFETCH(next);
    return block;
}
