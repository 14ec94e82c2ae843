/* What the hardened build adds around malloc and its family, in the functions that a world exports.
 * Each block has room for a canary, which free and realloc check, and freed blocks go through the quarantine. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"
#include "heap/quarantine.h"

/* The size to request from the core for a caller's `size`; one that is too large stays too large. */
INLINE size_t hardened_request(size_t size) {
    size_t bytes;
    if (!hardened()) return size;
    return unlikely(__builtin_add_overflow(size, CANARY_BYTES, &bytes)) ? SIZE_MAX : bytes;
}

/* Where the canary of the block at `p` is, of any kind; NULL: `p` is no block of ours, or a free one. */
canary_word *hardened_place(const void *p);

/* Ends the program: the canary at the end of the block at `p` is damaged. */
_Noreturn COLD void hardened_damaged(const char *function, const void *p);

/* Set the canary of a block that is about to be handed out; NULL and foreign blocks pass unchanged. */
INLINE void *hardened_seal(void *p) {
    if (!hardened()) return p;
    size_t offset = (size_t)((char *)p - racy_load(span_home.base));
    canary_word *place = NULL;
    if (likely(offset < racy_load(span_home.bytes))) {
        size_t bytes = racy_load(span_line(&span_home, offset)->block_bytes);
        if (likely(bytes)) place = (canary_word *)((char *)p + bytes) - 1;
    }
    if (unlikely(!place)) place = hardened_place(p);
    if (likely(place)) *place = canary_of(place);
    return p;
}

/* malloc in a world: up to CLASS_TINY_BYTES a block of the bin, whose class says where its canary is; `rest` does all
 * else, in tail position. */
INLINE void *hardened_alloc_with(size_t size, void *(*rest)(size_t size)) {
    debug_check(hardened());
    struct heap *heap = heap_self;
    if (unlikely(size > CLASS_TINY_BYTES - CANARY_BYTES)) return rest(size);
    size_t bytes = (size + CANARY_BYTES + (BLOCK_ALIGN_BYTES - 1)) & ~(size_t)(BLOCK_ALIGN_BYTES - 1);
    struct block **bin = &heap->bin[bytes / BLOCK_ALIGN_BYTES], *block = *bin, *next = block->next;
    if (unlikely(block->key != block_key(block, next, heap->secret))) return rest(size);
    block_clear(block);
    *bin = next;
    PREFETCH(next);
    canary_word *place = (canary_word *)((char *)block + bytes) - 1;
    *place = canary_of(place);
    return block;
}

/* Check that the canary of `p` is intact, if it has one, and that `p` is not in a quarantine. */
void hardened_check(const char *function, const void *p);

/* The rarer frees: NULL, other spans, blocks of 16 bytes, of more than QUARANTINE_BYTES_MAX, and what looks free. */
void hardened_free_odd(void *p, struct heap *heap, void (*outside)(void *p, struct heap *heap));

/* Free a block that left the heap's quarantine and was checked, into a slab that is not the heap's, or that is looked
 * at more closely. */
void hardened_leave(struct block *block, struct heap *heap, struct unit *slab);

INLINE void hardened_free_with(void *p, void (*outside)(void *p, struct heap *heap)) {
    if (!hardened()) return heap_free_with(p, outside);
    struct heap *heap = heap_self;
    size_t offset = (size_t)((char *)p - racy_load(span_home.base));
    if (unlikely(offset >= racy_load(span_home.bytes))) return hardened_free_odd(p, heap, outside);
    struct unit *slab = span_line(&span_home, offset);
    size_t bytes = racy_load(slab->block_bytes);
    if (unlikely(bytes - QUARANTINE_BYTES_MIN > QUARANTINE_BYTES_MAX - QUARANTINE_BYTES_MIN) ||
        unlikely(!heap_looks_used(slab, offset, p)) || unlikely(heap->state != HEAP_LIVE))
        return hardened_free_odd(p, heap, outside);
    const canary_word *place = (canary_word *)((char *)p + bytes) - 1;
    if (unlikely(*place != canary_of(place))) hardened_damaged("free", p);
    struct block *leaving = quarantine_swap(heap, p, bytes);
    if (unlikely(!leaving)) return;
    slab = span_line(&span_home, (size_t)((char *)leaving - racy_load(span_home.base)));
    if (unlikely(!quarantine_is_clear(leaving, racy_load(slab->block_bytes)))) quarantine_written(leaving);
    if (unlikely(racy_load(slab->owner) != heap) || unlikely(racy_load(slab->start_limit) == 0))
        return hardened_leave(leaving, heap, slab);
    heap_free_own(leaving, slab, heap);
}

/* realloc() of a block, to a size that is not 0; `slow` is the core's realloc. */
void *hardened_resize(void *p, size_t size, void *(*slow)(void *p, size_t size));
