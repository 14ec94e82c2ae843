/* What the hardened build adds around malloc and its family, in the functions that a world exports.
 * Each block has room for a canary, which free and realloc check, and freed blocks go through the quarantine. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"
#include "heap/quarantine.h"
#include "heap/used.h"

/* The size to request from the core for a caller's `size`; one that is too large stays too large. */
INLINE size_t hardened_request(size_t size) {
    size_t bytes;
    if (!hardened()) return size;
    if (unlikely(size < BLOCK_ALIGN_BYTES - CANARY_BYTES + 1)) return BLOCK_ALIGN_BYTES + 1; /* none of 16 bytes */
    return unlikely(__builtin_add_overflow(size, CANARY_BYTES, &bytes)) ? SIZE_MAX : bytes;
}

/* Ends the program: the canary at the end of the block at `p` is damaged. */
_Noreturn COLD void hardened_damaged(const char *function, const void *p);

/* Bytes of the used block of level 2 at `p`, whose line in the home span this is; 0: it is something else, or waits in
 * a quarantine, or a profiler knows it. */
INLINE size_t hardened_medium_bytes(const char *p, const struct unit *unit) {
    if (racy_load(unit->kind) != UNIT_MEDIUM || (uintptr_t)p & (GRANULE_BYTES - 1)) return 0;
    uint32_t count = load_relaxed(span_slot_home(p)->head) - GRANULE_USED;
    if (count > MEDIUM_BYTES_MAX >> GRANULE_SHIFT || quarantine_has((const struct block *)p)) return 0;
    return (size_t)count << GRANULE_SHIFT;
}

/* Set the canary of a block that is about to be handed out for a request of the core; NULL and foreign blocks pass
 * unchanged. */
INLINE void *hardened_seal(void *p, size_t request) {
    if (!hardened()) return p;
    size_t offset = (size_t)((char *)p - racy_load(span_home.base));
    size_t bytes = 0;
    if (likely(offset < racy_load(span_home.bytes))) {
        struct unit *unit = span_line(&span_home, offset);
        bytes = racy_load(unit->block_bytes);
        if (!bytes) bytes = hardened_medium_bytes(p, unit);
    }
    if (unlikely(!bytes)) bytes = used_bytes(p);
    if (likely(bytes)) canary_set(p, bytes, request);
    return p;
}

/* Hand out a block of `bytes` that is as the quarantine left it: it reads as zero, up to its canary. */
INLINE void *hardened_hand_out(struct block *block, size_t bytes, uintptr_t canary, const block_pair *zero) {
    *canary_place(block, bytes) = canary;
    *(block_pair *)block = *zero;
    return block;
}

/* Take the next block of a row; `rest` does all else, in tail position. In an empty half that is the end mark, which is
 * never as the quarantine leaves a block: one comparison tells of both. */
INLINE void *hardened_take(struct heap *heap, size_t bytes, size_t size, void *(*rest)(size_t size)) {
    struct quarantine *row = quarantine_of(heap, bytes);
    struct block *block = *row->out;
    uintptr_t canary = canary_of(block);
    block_pair zero = {0, 0};
    COMPUTED_PAIR(zero);
    if (unlikely(!quarantine_is_as_put(block, bytes, canary, &zero))) return rest(size);
    hardened_hand_out(block, bytes, canary, &zero);
    row->out--;
    return block;
}

/* The bytes of the block for a request of `size`, with its canary, up to CLASS_TINY_BYTES. */
INLINE size_t hardened_tiny_bytes(size_t size) {
    return (size + CANARY_BYTES + (BLOCK_ALIGN_BYTES - 1)) & ~(size_t)(BLOCK_ALIGN_BYTES - 1);
}

/* malloc in a world, whose `rest` serves larger blocks and what the quarantine does not have. */
INLINE void *hardened_alloc_with(size_t size, void *(*rest)(size_t size)) {
    debug_check(hardened());
    struct heap *heap = load_relaxed(heap_fast);
    if (likely(size <= QUARANTINE_SHORT_BYTES - CANARY_BYTES)) {
        size_t bytes = hardened_tiny_bytes(size);
        return hardened_take(heap, bytes, size, rest);
    }
    if (unlikely(size > CLASS_BYTES_MAX - CANARY_BYTES)) return rest(size);
    size_t bytes = size <= CLASS_TINY_BYTES - CANARY_BYTES
                       ? hardened_tiny_bytes(size)
                       : class_shapes[class_of_wide(size + CANARY_BYTES)].block_bytes;
    if (bytes <= QUARANTINE_SHORT_BYTES) __builtin_unreachable();
    return hardened_take(heap, bytes, size, rest);
}

/* The same for memory that reads as zero: what leaves the quarantine does. */
INLINE void *hardened_zeroed_with(size_t size, void *(*rest)(size_t size)) {
    if (unlikely(size > CLASS_TINY_BYTES - CANARY_BYTES)) return rest(size);
    return hardened_take(load_relaxed(heap_fast), hardened_tiny_bytes(size), size, rest);
}

/* The next block of a row whose halves change places now, or of one that a smaller request takes from. NULL: there is
 * none. */
void *hardened_turn(size_t bytes);

/* What the fast paths do not find: the block for a request of the core, from the bin, if it need not read as zero, or
 * by a turn. NULL: there is none. */
enum hardened_content { HARDENED_ANY, HARDENED_ZERO };
INLINE void *hardened_next(size_t request, enum hardened_content content) {
    if (request > CLASS_BYTES_MAX) return NULL;
    struct heap *heap = load_relaxed(heap_fast);
    if (unlikely(heap != heap_self)) return NULL;
    size_t class = class_of(request), bytes = class_shapes[class].block_bytes;
    const struct quarantine *row = quarantine_of(heap, bytes);
    struct block *block = heap->bin[class], *next = block->next;
    if (!quarantine_is_empty(row) || (row->in && quarantine_is_full(row))) return hardened_turn(bytes);
    if (content == HARDENED_ZERO || block->key != block_key(block, next, heap->secret)) return NULL;
    block_clear(block);
    heap->bin[class] = next;
    PREFETCH(next);
    *canary_place(block, bytes) = canary_of(block);
    return block;
}

/* True when a call of malloc that the quarantine could have served must look at the clock. */
bool hardened_is_due(void);

/* Check that the canary of `p` is intact, if it has one, and that `p` is not in a quarantine. */
void hardened_check(const char *function, const void *p);

/* The rarer frees: NULL, other spans, blocks of more than CLASS_BYTES_MAX, blocks whose row is full or whose canary
 * is not plain, and what is no used block. */
void hardened_free_odd(void *p, struct heap *heap, void (*outside)(void *p, struct heap *heap));

/* A block's canary goes when it is freed, so a block that has its own is in use. */
INLINE void hardened_free_with(void *p, void (*outside)(void *p, struct heap *heap)) {
    if (!hardened()) return heap_free_with(p, outside);
    struct heap *heap = heap_self;
    size_t offset = (size_t)((char *)p - racy_load(span_home.base));
    if (unlikely(offset >= racy_load(span_home.bytes))) return hardened_free_odd(p, heap, outside);
    struct unit *slab = span_line(&span_home, offset);
    size_t bytes = racy_load(slab->block_bytes);
    struct quarantine *row = quarantine_of(heap, bytes);
    if (unlikely(quarantine_is_full(row)) || unlikely(!heap_is_start(slab, offset)))
        return hardened_free_odd(p, heap, outside);
    uintptr_t canary = canary_of(p);
    if (unlikely(*canary_place(p, bytes) != canary)) return hardened_free_odd(p, heap, outside);
    quarantine_put(row, p, bytes, canary);
}

/* realloc() of a block, to a size that is not 0; `slow` is the core's realloc. */
void *hardened_resize(void *p, size_t size, void *(*slow)(void *p, size_t size));
