/* Where the hardened build keeps freed blocks for a while, and what it writes at the end of each block.
 *
 *   | the caller's bytes, or some more     | canary |        a block; free and realloc check the canary
 *   | canary | canary | zeroes                      |        in the quarantine
 *
 * The canary is made from the block's address and a secret of its own. A freed block of a slab is cleared, marked by
 * its canary, and put into its class's row in its heap. Its slab counts it as used, whoever owns that, so it can be
 * handed out again without a word to the slab. A second free finds no canary behind the block, and a write to any byte
 * of it meanwhile is found.
 *
 *   one half      | unused | end | block | block | ...        <- out: malloc takes the last, until it meets the end
 *   the other     | unused | end | block | block |  -> in: free adds one
 *
 * When the second half is full and the first is empty they change places, and the blocks to be handed out are mixed at
 * random: what this costs is shared by the blocks of a half. When both are full the older ones are freed.
 * Nothing here is shared between threads. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/canary.h"

/* Marks a function that most processes of the hardened build run. */
#if HEAPALLOC_SAFETY == 2
#define HARDENED_TEXT STARTUP_TEXT
#else
#define HARDENED_TEXT
#endif

enum {
    QUARANTINE_BYTES_MIN = 32,
    QUARANTINE_SHORT_BYTES = 80, /* up to this many bytes no loop is worth its instructions */
};

/* True when `p` is a block that waits in some heap's quarantine. */
INLINE bool quarantine_has(const struct block *block) {
    return hardened() && block->key == canary_of(block);
}

/* Ends the program: `block`, which leaves the quarantine, was written to. Not declared as such, and with a result, so
 * that fast paths need no stack for the call. */
COLD void *quarantine_written(const struct block *block);

/* A block's words by twos: blocks begin at multiples of 16. */
typedef word_pair block_pair __attribute__((aligned(BLOCK_ALIGN_BYTES)));

/* The last pair of a block; the compiler computes its address by itself only where COMPUTED(bytes) makes two of it. */
INLINE block_pair *quarantine_last(const void *block, size_t bytes) {
    return (block_pair *)((char *)(uintptr_t)block + bytes) - 1;
}

/* As COMPUTED(): have `pair` in a register, and not computed again. */
#ifdef __SSE2__
#define COMPUTED_PAIR(pair) __asm__("" : "+x"(pair))
#else
#define COMPUTED_PAIR(pair) (void)(pair)
#endif

/* Longer blocks are cleared and looked at by pieces of eight pairs, of which the last may overlap the one before it; or
 * by two of four. */
enum { QUARANTINE_PIECE = 8, QUARANTINE_MIDDLE_BYTES = 128 };

INLINE void quarantine_clear_half(block_pair *pairs) {
    pairs[0] = pairs[1] = pairs[2] = pairs[3] = (block_pair){0, 0};
}
INLINE void quarantine_clear_piece(block_pair *pairs) {
    quarantine_clear_half(pairs);
    quarantine_clear_half(pairs + 4);
}

/* Zero a freed block behind its first 16 bytes; `last` is its last pair. */
INLINE void quarantine_clear_long(block_pair *pairs, block_pair *last, size_t bytes) {
    if (bytes <= QUARANTINE_MIDDLE_BYTES) {
        quarantine_clear_half(pairs + 1);
        return quarantine_clear_half(last - 3);
    }
    last -= QUARANTINE_PIECE - 1;
    for (pairs++; pairs < last; pairs += QUARANTINE_PIECE) quarantine_clear_piece(pairs);
    quarantine_clear_piece(last);
}
INLINE void quarantine_clear(struct block *block, size_t bytes) {
    debug_check(bytes >= QUARANTINE_BYTES_MIN && bytes % BLOCK_ALIGN_BYTES == 0);
    block_pair *pairs = (block_pair *)block, zero = {0, 0};
    if (unlikely(bytes > QUARANTINE_SHORT_BYTES))
        return quarantine_clear_long(pairs, quarantine_last(pairs, bytes), bytes);
    COMPUTED_PAIR(zero);
    COMPUTED(bytes);
    pairs[1] = *quarantine_last(pairs, bytes) = zero;
    if (unlikely(bytes <= 48)) return;
    COMPUTED(bytes);
    pairs[2] = quarantine_last(pairs, bytes)[-1] = zero;
}

/* Add the bits that are set in any of eight pairs, or four. */
INLINE void quarantine_add_half(block_pair *any, const block_pair *pairs) {
    *any |= pairs[0] | pairs[1] | pairs[2] | pairs[3];
}
INLINE void quarantine_add_piece(block_pair *any, const block_pair *pairs) {
    *any |= (pairs[0] | pairs[1] | pairs[2] | pairs[3]) | (pairs[4] | pairs[5] | pairs[6] | pairs[7]);
}

/* Behind the first 16 bytes of a block. */
INLINE void quarantine_add_long(block_pair *any, const block_pair *pairs, size_t bytes) {
    const block_pair *last = quarantine_last(pairs, bytes);
    if (bytes <= QUARANTINE_MIDDLE_BYTES) {
        quarantine_add_half(any, pairs + 1);
        return quarantine_add_half(any, last - 3);
    }
    last -= QUARANTINE_PIECE - 1;
    quarantine_add_piece(any, last);
    for (pairs++; pairs < last; pairs += QUARANTINE_PIECE) quarantine_add_piece(any, pairs);
}
INLINE void quarantine_add_short(block_pair *any, const block_pair *pairs, size_t bytes) {
    block_pair more = pairs[1] | *quarantine_last(pairs, bytes);
    if (likely(bytes > 48)) {
        COMPUTED(bytes);
        more |= pairs[2] | quarantine_last(pairs, bytes)[-1];
    }
    *any |= more;
}

/* True when no bit of `pair` is set; `zero` is zero, which the caller has in a register. */
INLINE bool quarantine_is_zero(const block_pair *pair, const block_pair *zero) {
#ifdef __SSE2__
    typedef char bytes __attribute__((vector_size(16)));
    return __builtin_ia32_pmovmskb128((bytes)*pair == (bytes)*zero) == 0xffff;
#else
    return ((*pair)[0] | (*pair)[1]) == (*zero)[0];
#endif
}

/* True when a block of `bytes` is as quarantine_put() left it; `canary` is its own. */
INLINE bool quarantine_is_as_put(const struct block *block, size_t bytes, uintptr_t canary, const block_pair *zero) {
    const block_pair *pairs = (const block_pair *)block;
    block_pair mark = {(long long)canary, (long long)canary}, wrong = pairs[0] ^ mark;
    if (bytes > QUARANTINE_SHORT_BYTES)
        quarantine_add_long(&wrong, pairs, bytes);
    else
        quarantine_add_short(&wrong, pairs, bytes);
    return quarantine_is_zero(&wrong, zero);
}
INLINE bool quarantine_is_clear(const struct block *block, size_t bytes) {
    debug_check(bytes >= QUARANTINE_BYTES_MIN && bytes % BLOCK_ALIGN_BYTES == 0);
    return quarantine_is_as_put(block, bytes, canary_of(block), &(block_pair){0, 0});
}

/* The row of blocks of `bytes`. One that is closed, as rows of other sizes always are, has `in` NULL; and an empty half
 * to take from, as at first. */
INLINE struct quarantine *quarantine_of(struct heap *heap, size_t bytes) {
    _Static_assert(sizeof(struct quarantine) == BLOCK_ALIGN_BYTES || sizeof(uintptr_t) < 8, "one for each block size");
    return (struct quarantine *)((char *)heap->quarantine + bytes);
}

/* True when `row` has no room, or is closed: a half ends at a multiple of its size. */
INLINE bool quarantine_is_full(const struct quarantine *row) {
    return ((uintptr_t)row->in & (QUARANTINE_HALF_BYTES - 1)) == 0;
}

/* Put a checked block of `bytes` into its row, which has room. */
INLINE void quarantine_put(struct quarantine *row, struct block *block, size_t bytes, uintptr_t canary) {
    debug_check(!quarantine_is_full(row) && canary == canary_of(block));
    quarantine_clear(block, bytes);
    struct block **in = row->in;
    ((canary_word *)block)[0] = canary; /* not 0, so that a zero written there is found */
    ((canary_word *)block)[1] = canary;
    *in = block;
    row->in++;
}

/* True when malloc finds no block in `row`. */
INLINE bool quarantine_is_empty(const struct quarantine *row) {
    return *row->out == quarantine_none[0];
}

/* Put a checked block into its row, which is closed or has no room. */
void quarantine_put_odd(struct heap *heap, struct block *block, size_t class);

/* Let malloc take the blocks of a row where free has filled a half and malloc has emptied the other. False: not yet, or
 * a profiler counts, which it does at the bins. */
bool quarantine_turn(struct heap *heap, struct quarantine *row);

/* Put a checked block of level 2 of `bytes` into a random place for such; returns the block that was there, whose mark
 * is intact and was removed, or NULL. Its contents stay: clearing them would cost more than all else.
 */
struct block *quarantine_swap_wide(struct heap *heap, struct block *block, size_t bytes);

/* Free everything in the heap's quarantine: its thread ends, or memory is out. */
void quarantine_flush(struct heap *heap);

/* The first slot of the half that has `slot`, behind the end mark. */
struct block **quarantine_half(struct block **slot, size_t bytes);
