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

/* Check that the canary of `p` is intact, if it has one, and that `p` is not in a quarantine. */
void hardened_check(const char *function, const void *p);

/* The rarer frees: NULL, other spans, medium and large blocks, what looks free. */
void hardened_free_odd(void *p, struct heap *heap, void (*outside)(void *p, struct heap *heap));

INLINE void hardened_free_with(void *p, void (*outside)(void *p, struct heap *heap)) {
    if (!hardened()) return heap_free_with(p, outside);
    struct heap *heap = heap_self;
    size_t offset = (size_t)((char *)p - racy_load(span_home.base));
    if (unlikely(offset >= racy_load(span_home.bytes))) return hardened_free_odd(p, heap, outside);
    struct unit *slab = span_line(&span_home, offset);
    size_t bytes = racy_load(slab->block_bytes);
    if (unlikely(bytes <= BLOCK_ALIGN_BYTES) || unlikely(!heap_looks_used(slab, offset, p)) ||
        unlikely(heap->state != HEAP_LIVE))
        return hardened_free_odd(p, heap, outside);
    const canary_word *place = (canary_word *)((char *)p + bytes) - 1;
    if (unlikely(*place != canary_of(place))) hardened_damaged("free", p);
    if (unlikely(bytes > QUARANTINE_BYTES_MAX)) {
        quarantine_clear(p, bytes);
        return heap_free_with(p, outside);
    }
    struct block *leaving = quarantine_swap(heap, p, bytes);
    if (unlikely(!leaving)) return;
    bytes = racy_load(span_line(&span_home, (size_t)((char *)leaving - racy_load(span_home.base)))->block_bytes);
    if (unlikely(!quarantine_is_clear(leaving, bytes))) quarantine_written(leaving);
    block_clear(leaving);
    heap_free_with(leaving, outside);
}

/* realloc() of a block, to a size that is not 0; `slow` is the core's realloc. */
void *hardened_resize(void *p, size_t size, void *(*slow)(void *p, size_t size));
