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

/* Bytes of the used block of level 2 at `p`, whose line in the home span this is; 0: it is something else, or waits in
 * a quarantine, or a profiler knows it. */
INLINE size_t hardened_medium_bytes(const char *p, const struct unit *unit) {
    if (racy_load(unit->kind) != UNIT_MEDIUM || (uintptr_t)p & (GRANULE_BYTES - 1)) return 0;
    uint32_t count = load_relaxed(span_slot_home(p)->head) - GRANULE_USED;
    if (count > MEDIUM_BYTES_MAX >> GRANULE_SHIFT || quarantine_has((const struct block *)p)) return 0;
    return (size_t)count << GRANULE_SHIFT;
}

/* Set the canary of a block that is about to be handed out; NULL and foreign blocks pass unchanged. */
INLINE void *hardened_seal(void *p) {
    if (!hardened()) return p;
    size_t offset = (size_t)((char *)p - racy_load(span_home.base));
    canary_word *place = NULL;
    if (likely(offset < racy_load(span_home.bytes))) {
        struct unit *unit = span_line(&span_home, offset);
        size_t bytes = racy_load(unit->block_bytes);
        if (!bytes) bytes = hardened_medium_bytes(p, unit);
        if (likely(bytes)) place = (canary_word *)((char *)p + bytes) - 1;
    }
    if (unlikely(!place)) place = hardened_place(p);
    if (likely(place)) *place = canary_of(place);
    return p;
}

/* Take a block of `class` from the quarantine, or from the bin; `rest` does all else, in tail position. One call in 256
 * that the quarantine could serve goes there, too, as else programs that free as much as they allocate would never
 * look at the clock. */
INLINE void *hardened_take(struct heap *heap, size_t class, size_t bytes, size_t size, void *(*rest)(size_t size)) {
    int8_t count = *quarantine_count(heap, bytes);
    if (likely(count > heap->quarantine_kept)) {
        if (unlikely((uint8_t)quarantine_draw(heap) == 0)) return rest(size);
        struct block *block = quarantine_take(heap, class, bytes, (size_t)count);
        if (unlikely(!quarantine_is_clear(block, bytes))) return quarantine_written(block);
        *(word_pair *)block = (word_pair){0, 0};
        return block;
    }
    struct block *block = heap->bin[class], *next = block->next;
    if (unlikely(block->key != block_key(block, next, heap->secret))) return rest(size);
    block_clear(block);
    heap->bin[class] = next;
    PREFETCH(next);
    canary_word *place = (canary_word *)((char *)block + bytes) - 1;
    *place = canary_of(place);
    return block;
}

/* malloc in a world, whose `rest` serves larger blocks and what bin and quarantine do not have. */
INLINE void *hardened_alloc_with(size_t size, void *(*rest)(size_t size)) {
    debug_check(hardened());
    struct heap *heap = heap_self;
    if (likely(size <= CLASS_TINY_BYTES - CANARY_BYTES)) {
        size_t class = (size + CANARY_BYTES + (BLOCK_ALIGN_BYTES - 1)) / BLOCK_ALIGN_BYTES;
        return hardened_take(heap, class, class * BLOCK_ALIGN_BYTES, size, rest);
    }
    if (unlikely(size > QUARANTINE_BYTES_MAX - CANARY_BYTES)) return rest(size);
    size_t class = class_of_wide(size + CANARY_BYTES);
    return hardened_take(heap, class, class_shapes[class].block_bytes, size, rest);
}

/* The same for memory that reads as zero: what leaves the quarantine does, up to its canary. */
INLINE void *hardened_zeroed_with(size_t size, void *(*rest)(size_t size)) {
    struct heap *heap = heap_self;
    size_t bytes = (size + CANARY_BYTES + (BLOCK_ALIGN_BYTES - 1)) & ~(size_t)(BLOCK_ALIGN_BYTES - 1);
    if (unlikely(size > CLASS_TINY_BYTES - CANARY_BYTES) || *quarantine_count(heap, bytes) <= heap->quarantine_kept)
        return rest(size);
    return hardened_take(heap, bytes / BLOCK_ALIGN_BYTES, bytes, size, rest);
}

/* True when a call of malloc that the quarantine could have served must look at the clock; it counts as a slow path. */
bool hardened_is_due(void);

/* Check that the canary of `p` is intact, if it has one, and that `p` is not in a quarantine. */
void hardened_check(const char *function, const void *p);

/* The rarer frees: NULL, other spans, blocks of 16 bytes, of more than QUARANTINE_BYTES_MAX, what looks free, and the
 * one after which so many blocks of its class wait that the older half is freed. */
void hardened_free_odd(void *p, struct heap *heap, void (*outside)(void *p, struct heap *heap));

INLINE void hardened_free_with(void *p, void (*outside)(void *p, struct heap *heap)) {
    if (!hardened()) return heap_free_with(p, outside);
    struct heap *heap = heap_self;
    size_t offset = (size_t)((char *)p - racy_load(span_home.base));
    if (unlikely(offset >= racy_load(span_home.bytes))) return hardened_free_odd(p, heap, outside);
    struct unit *slab = span_line(&span_home, offset);
    size_t bytes = racy_load(slab->block_bytes), count = (size_t)*quarantine_count(heap, bytes);
    if (unlikely(count >= QUARANTINE_SLOTS - 1) || unlikely(!heap_looks_used(slab, offset, p)))
        return hardened_free_odd(p, heap, outside);
    const canary_word *place = (canary_word *)((char *)p + bytes) - 1;
    if (unlikely(*place != canary_of(place))) hardened_damaged("free", p);
    quarantine_put(heap, p, slab->class, bytes, count);
}

/* realloc() of a block, to a size that is not 0; `slow` is the core's realloc. */
void *hardened_resize(void *p, size_t size, void *(*slow)(void *p, size_t size));
