/* What the hardened build adds around the family, by the functions that a world exports; the core below knows no more
 * of it than the three fields in a heap.
 *
 *   | the caller's bytes, as asked or more | canary |        a block; the canary is looked at by free and realloc
 *   | ~mark   | mark | zeroes              | canary |        in the quarantine
 *
 * A freed block of up to QUARANTINE_BYTES_MAX is cleared and takes a random place of its heap's quarantine; the one
 * that stood there is free now. So blocks come back late and in random order, a second free meets a mark that only this
 * block can bear, and what was written to the block meanwhile, any byte of it, is found. Its slab counts it as used.
 *
 * Canary and mark are made of the address and a secret of their own. Nothing here is shared between threads. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"

enum { CANARY_BYTES = 8, QUARANTINE_BYTES_MAX = 1024 };

extern uintptr_t hardened_secret __attribute__((visibility("hidden"))); /* drawn with the first heap */

INLINE bool hardened(void) {
    return config_safety >= SAFETY_HARDENED && !config_valgrind;
}

/* What the core is asked for when a caller asks for `size`; too much stays too much. */
INLINE size_t hardened_request(size_t size) {
    size_t bytes;
    if (!hardened()) return size;
    return unlikely(__builtin_add_overflow(size, CANARY_BYTES, &bytes)) ? SIZE_MAX : bytes;
}

typedef uint64_t canary_word __attribute__((may_alias));

INLINE uint64_t canary_of(const canary_word *place) {
    return (uintptr_t)place ^ hardened_secret;
}

/* The mark of a block in the quarantine: the key it would have if address 8 were the next in its list. So the fast
 * paths look again, and no free block has it. */
INLINE uintptr_t quarantine_mark(const struct block *block) {
    return block_key(block, (const struct block *)8, heap_secret());
}

/* Where the canary of the block at `p` stands, of any kind; NULL: `p` is no block of ours, or a free one. */
canary_word *hardened_place(const void *p);

/* Ends the program: the canary at the end of the block at `p` is damaged. */
_Noreturn COLD void hardened_damaged(const char *function, const void *p);

/* Ends the program: `block`, which comes out of the quarantine, was written to. */
_Noreturn COLD void hardened_written(const struct block *block);

/* Set the canary of a block that is about to be handed out; NULL and others' blocks pass. */
INLINE void *hardened_seal(void *p) {
    if (!hardened()) return p;
    size_t offset = (size_t)((char *)p - span_home.base);
    canary_word *place = NULL;
    if (likely(offset < racy_load(span_home.bytes))) {
        size_t bytes = racy_load(span_line(&span_home, offset)->block_bytes);
        if (likely(bytes)) place = (canary_word *)((char *)p + bytes) - 1;
    }
    if (unlikely(!place)) place = hardened_place(p);
    if (likely(place)) *place = canary_of(place);
    return p;
}

/* The canary of `p` is whole, if it has one, and `p` does not wait in a quarantine. */
void hardened_check(const char *function, const void *p);

/* Zero a freed block of 32 bytes or more, but for its canary. */
INLINE void hardened_clear(char *p, size_t bytes) {
    const heap_words zero = {0, 0};
    char *last = p + bytes - 16;
    *(canary_word *)last = 0;
    for (; last - p >= 64; p += 64) {
        heap_words *words = (heap_words *)p;
        words[0] = words[1] = words[2] = words[3] = zero;
    }
    for (; p < last; p += 16) *(heap_words *)p = zero;
}

/* True when a block of `bytes`, 32 at least, is as hardened_clear() and its mark left it. */
INLINE bool hardened_is_clear(const struct block *block, size_t bytes) {
    const char *p = (const char *)block, *last = p + bytes - 16;
    heap_words any = {0, 0};
    const canary_word *tail = (const canary_word *)last;
    uint64_t wrong = tail[1] ^ canary_of(tail + 1);
    wrong |= (uintptr_t)block->next ^ ~quarantine_mark(block);
    wrong |= (block->key ^ quarantine_mark(block)) | tail[0];
    for (p += 16; last - p >= 64; p += 64) {
        const heap_words *words = (const heap_words *)p;
        any |= words[0] | words[1] | words[2] | words[3];
    }
    for (; p < last; p += 16) any |= *(const heap_words *)p;
    return (wrong | (uint64_t)any[0] | (uint64_t)any[1]) == 0;
}

/* free() of what is not simple: NULL, other spans, medium and large blocks, what looks free. */
void hardened_free_odd(void *p, struct heap *heap, void (*outside)(void *p, struct heap *heap));

/* Put a block of `bytes` that was looked at into the quarantine; returns the one that leaves it, or NULL. */
INLINE struct block *quarantine_swap(struct heap *heap, struct block *block, size_t bytes) {
    hardened_clear((char *)block, bytes);
    block->key = quarantine_mark(block);
    block->next = (struct block *)~quarantine_mark(block); /* not 0, or a zero written there would not be seen */
    heap->quarantine_random = heap->quarantine_random * 0x9e3779b1u + 0x7f4a7c15u;
    struct block **slot = &heap->quarantine[heap->quarantine_random >> (32 - QUARANTINE_SHIFT)];
    struct block *leaving = *slot;
    *slot = block;
    return leaving;
}

INLINE void hardened_free_with(void *p, void (*outside)(void *p, struct heap *heap)) {
    if (!hardened()) return heap_free_with(p, outside);
    struct heap *heap = heap_self;
    size_t offset = (size_t)((char *)p - span_home.base);
    if (unlikely(offset >= racy_load(span_home.bytes))) return hardened_free_odd(p, heap, outside);
    struct unit *slab = span_line(&span_home, offset);
    size_t bytes = racy_load(slab->block_bytes);
    if (unlikely(bytes <= BLOCK_ALIGN_BYTES) || unlikely(!heap_looks_used(slab, offset, p)) ||
        unlikely(heap->state != HEAP_LIVE))
        return hardened_free_odd(p, heap, outside);
    const canary_word *place = (canary_word *)((char *)p + bytes) - 1;
    if (unlikely(*place != canary_of(place))) hardened_damaged("free", p);
    if (unlikely(bytes > QUARANTINE_BYTES_MAX)) {
        hardened_clear(p, bytes);
        return heap_free_with(p, outside);
    }
    struct block *leaving = quarantine_swap(heap, p, bytes);
    if (unlikely(!leaving)) return;
    bytes = racy_load(span_line(&span_home, (size_t)((char *)leaving - span_home.base))->block_bytes);
    if (unlikely(!hardened_is_clear(leaving, bytes))) hardened_written(leaving);
    block_clear(leaving);
    heap_free_with(leaving, outside);
}

/* realloc() of a block, to a size that is not 0; `slow` is the core's way. */
void *hardened_resize(void *p, size_t size, void *(*slow)(void *p, size_t size));

/* Everything in the heap's quarantine is free: its thread ends, or memory is out. */
void hardened_flush(struct heap *heap);

/* True when `p` is a block that waits in some heap's quarantine. */
INLINE bool hardened_is_quarantined(const struct block *block) {
    return hardened() && block->key == quarantine_mark(block);
}
