/* Where the hardened build keeps freed blocks for a while, and what it writes at the end of each block.
 *
 *   | the caller's bytes, or some more     | canary |        a block; free and realloc check the canary
 *   | ~mark   | mark | zeroes              | canary |        in the quarantine
 *
 * A freed block of up to QUARANTINE_BYTES_MAX is cleared and put into a random place of its heap's quarantine; the one
 * that was there is freed. So blocks come back late and in random order, a second free finds a mark that only this
 * block can have, and a write to any byte of the block meanwhile is found. Its slab counts it as used.
 *
 * The canary is made from its address and a secret of its own, the mark from the block's address and the key's secret.
 * Nothing here is shared between threads. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

enum { CANARY_BYTES = 8, QUARANTINE_BYTES_MAX = 1024 };

typedef uint64_t canary_word __attribute__((may_alias));

INLINE uint64_t canary_of(const canary_word *place) {
    return (uintptr_t)place ^ hardened_secret;
}

/* The mark of a block in the quarantine: the key it would have if address 8 were next in its list. So the fast paths
 * decline it as perhaps free, and no free block has it. */
INLINE uintptr_t quarantine_mark(const struct block *block) {
    return block_key(block, (const struct block *)8, heap_secret());
}

/* True when `p` is a block that waits in some heap's quarantine. */
INLINE bool quarantine_has(const struct block *block) {
    return hardened() && block->key == quarantine_mark(block);
}

/* Ends the program: `block`, which leaves the quarantine, was written to. */
_Noreturn COLD void quarantine_written(const struct block *block);

/* Zero a freed block of 32 bytes or more, except its canary. */
INLINE void quarantine_clear(char *p, size_t bytes) {
    debug_check(bytes >= 32 && bytes % BLOCK_ALIGN_BYTES == 0);
    const word_pair zero = {0, 0};
    char *last = p + bytes - 16;
    *(canary_word *)last = 0;
    for (; last - p >= 64; p += 64) {
        word_pair *words = (word_pair *)p;
        words[0] = words[1] = words[2] = words[3] = zero;
    }
    for (; p < last; p += 16) *(word_pair *)p = zero;
}

/* True when a block of `bytes`, at least 32, is as quarantine_swap() left it. */
INLINE bool quarantine_is_clear(const struct block *block, size_t bytes) {
    debug_check(bytes >= 32 && bytes % BLOCK_ALIGN_BYTES == 0);
    const char *p = (const char *)block, *last = p + bytes - 16;
    word_pair any = {0, 0};
    const canary_word *tail = (const canary_word *)last;
    uint64_t wrong = tail[1] ^ canary_of(tail + 1);
    wrong |= (uintptr_t)block->next ^ ~quarantine_mark(block);
    wrong |= (block->key ^ quarantine_mark(block)) | tail[0];
    for (p += 16; last - p >= 64; p += 64) {
        const word_pair *words = (const word_pair *)p;
        any |= words[0] | words[1] | words[2] | words[3];
    }
    for (; p < last; p += 16) any |= *(const word_pair *)p;
    return (wrong | (uint64_t)any[0] | (uint64_t)any[1]) == 0;
}

/* Put a checked block of `bytes` into the quarantine; returns the one that leaves it, or NULL. */
INLINE struct block *quarantine_swap(struct heap *heap, struct block *block, size_t bytes) {
    debug_check(heap->state == HEAP_LIVE && bytes <= QUARANTINE_BYTES_MAX);
    quarantine_clear((char *)block, bytes);
    block->key = quarantine_mark(block);
    block->next = (struct block *)~quarantine_mark(block); /* not 0, so that a zero written there is found */
    heap->quarantine_random = heap->quarantine_random * 0x9e3779b1u + 0x7f4a7c15u;
    struct block **slot = &heap->quarantine[heap->quarantine_random >> (32 - QUARANTINE_SHIFT)];
    struct block *leaving = *slot;
    *slot = block;
    return leaving;
}

/* Free everything in the heap's quarantine: its thread ends, or memory is out. */
void quarantine_flush(struct heap *heap);
