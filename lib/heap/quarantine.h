/* Where the hardened build keeps freed blocks for a while, and what it writes at the end of each block.
 *
 *   | the caller's bytes, or some more     | canary |        a block; free and realloc check the canary
 *   | mark    | mark | zeroes              | canary |        in the quarantine
 *
 * A freed block of up to QUARANTINE_BYTES_MAX is cleared and joins those of its class in its heap's quarantine, and
 * malloc takes a random one of those that were there before. So blocks come back late and in random order, a second
 * free finds a mark that only this block can have, and a write to any byte of the block meanwhile is found. Its slab
 * counts it as used, whoever owns that, so it can be handed out again without a word to the slab.
 *
 *   | KEPT blocks, of which malloc takes one | newer ones: the last takes its place, and at SLOTS half of all are freed
 *
 * The canary is made from its address and a secret of its own, the mark from the block's address and the key's secret.
 * Nothing here is shared between threads. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

enum { CANARY_BYTES = 8, QUARANTINE_BYTES_MIN = 32, QUARANTINE_BYTES_MAX = 1024 };

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

/* Ends the program: `block`, which leaves the quarantine, was written to. Not declared as such, and with a result, so
 * that fast paths need no stack for the call. */
COLD void *quarantine_written(const struct block *block);

/* A block's words by twos: blocks begin at multiples of 16. */
typedef word_pair block_pair __attribute__((aligned(BLOCK_ALIGN_BYTES)));

/* Up to this many bytes no loop is worth its instructions. */
enum { QUARANTINE_SHORT_BYTES = 80 };

INLINE void quarantine_clear_64(block_pair *pairs) {
    pairs[0] = pairs[1] = pairs[2] = pairs[3] = (block_pair){0, 0};
}

/* Zero a freed block, except its canary and its first 16 bytes, where the marks come. From 96 bytes on by pieces of 64
 * bytes, of which the last may overlap the one before it. */
INLINE void quarantine_clear(char *p, size_t bytes) {
    debug_check(bytes >= QUARANTINE_BYTES_MIN && bytes % BLOCK_ALIGN_BYTES == 0);
    block_pair *pairs = (block_pair *)p, *last = (block_pair *)(p + bytes) - 1;
    *(canary_word *)last = 0;
    if (bytes > QUARANTINE_SHORT_BYTES) {
        last -= 4;
        for (pairs++; pairs < last; pairs += 4) quarantine_clear_64(pairs);
        quarantine_clear_64(last);
    } else {
        if (bytes > 48) pairs[1] = pairs[2] = (block_pair){0, 0};
        last[-1] = (block_pair){0, 0};
    }
}

/* Add the bits that are set in any of 64 bytes. */
INLINE void quarantine_add_64(word_pair *any, const block_pair *pairs) {
    *any |= pairs[0] | pairs[1] | pairs[2] | pairs[3];
}

/* The bits that are set behind the first 16 bytes of a block, up to the pair that has its canary. */
INLINE uint64_t quarantine_any(const char *p, size_t bytes) {
    const canary_word *words = (const canary_word *)p, *tail = (const canary_word *)(p + bytes) - 2;
    if (bytes <= QUARANTINE_SHORT_BYTES) {
        if (bytes > 48) return words[2] | words[3] | words[4] | words[5] | tail[-2] | tail[-1];
        return bytes > 32 ? words[2] | words[3] : 0;
    }
    const block_pair *pairs = (const block_pair *)p + 1, *last = (const block_pair *)tail - 4;
    word_pair any = {0, 0};
    quarantine_add_64(&any, last);
    for (; pairs < last; pairs += 4) quarantine_add_64(&any, pairs);
    return (uint64_t)any[0] | (uint64_t)any[1];
}

/* True when a block of `bytes` is as quarantine_swap() left it. */
INLINE bool quarantine_is_clear(const struct block *block, size_t bytes) {
    debug_check(bytes >= QUARANTINE_BYTES_MIN && bytes % BLOCK_ALIGN_BYTES == 0);
    const canary_word *tail = (const canary_word *)((const char *)block + bytes) - 2;
    uintptr_t mark = quarantine_mark(block);
    uint64_t wrong = ((uintptr_t)block->next ^ mark) | (block->key ^ mark);
    wrong |= tail[0] | (tail[1] ^ canary_of(tail + 1));
    return (wrong | quarantine_any((const char *)block, bytes)) == 0;
}

/* Free the older half of the blocks of `class`, which fill their places. */
void quarantine_release(struct heap *heap, size_t class, size_t bytes);

/* How many blocks of `bytes` are there; CLOSED: such blocks never are, or the heap is NONE. */
INLINE int8_t *quarantine_count(struct heap *heap, size_t bytes) {
    return &heap->quarantined[bytes / BLOCK_ALIGN_BYTES];
}

/* Put a checked block of `class` and `bytes` where `count` others are. */
INLINE void quarantine_put(struct heap *heap, struct block *block, size_t class, size_t bytes, size_t count) {
    debug_check(heap->state == HEAP_LIVE && class < QUARANTINE_CLASSES && count < QUARANTINE_SLOTS);
    quarantine_clear((char *)block, bytes);
    uintptr_t mark = quarantine_mark(block);
    block->key = mark;
    block->next = (struct block *)mark; /* not 0, so that a zero written there is found */
    heap->quarantine[class][count] = block;
    *quarantine_count(heap, bytes) = (int8_t)(count + 1);
}

/* Take one of the KEPT blocks of `class`, chosen at random, of `count`; the newest takes its place. It is still marked,
 * and unchecked. */
INLINE struct block *quarantine_take(struct heap *heap, size_t class, size_t bytes, size_t count) {
    debug_check(heap->state == HEAP_LIVE && count > QUARANTINE_KEPT);
    struct block **row = heap->quarantine[class], **place = &row[heap->quarantine_random >> (32 - QUARANTINE_SHIFT)];
    struct block *block = *place;
    *place = row[count - 1];
    *quarantine_count(heap, bytes) = (int8_t)(count - 1);
    return block;
}

/* Draw the next random number, of which the upper bits are good. */
INLINE uint32_t quarantine_draw(struct heap *heap) {
    return heap->quarantine_random = heap->quarantine_random * 0x9e3779b1u + 0x7f4a7c15u;
}

/* Put a checked block of level 2, of up to QUARANTINE_WIDE_BYTES_MAX, into a random place; returns the block that was
 * there, whose mark is intact and was removed, or NULL. Its contents stay: clearing them would cost more than all else.
 */
struct block *quarantine_swap_wide(struct heap *heap, struct block *block);

/* Free everything in the heap's quarantine: its thread ends, or memory is out. */
void quarantine_flush(struct heap *heap);
