/* A free block's two words, and the lists made of them.
 *
 *   next                             the list; the last block's is block_end
 *   key = (next + block) ^ secret    proves that this block, here, is free and nobody wrote to it since (block_mix)
 *
 * A block whose key is right is free; it is handed out only then, and its key is cleared. Whatever is done to a
 * free block (one byte of either word changed, a copy of another free block, a second free with or without wiping) the
 * list never yields a block that is in use, because a block in use has no key. The secret's lowest bit is set and
 * block_end's words are zero, so block_end never has a right key: an empty list and a damaged one leave the fast
 * path by the same comparison. In the fast build lists are plain and end with NULL. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include "base/config.h"

struct block {
    struct block *next;
    uintptr_t key;
};

extern const struct block block_end_mark __attribute__((visibility("hidden")));

/* Ends every list of blocks. An address constant. */
#define BLOCK_END (config_safety ? (struct block *)&block_end_mark : (struct block *)0)

/* The upper 16 bits of each secret, and so of each key, because addresses do not differ there. No address, no small
 * number and no text has them, and of the doubles only the tiniest. */
enum { BLOCK_KEY_UPPER = 0x8003 };

/* Make the secret from a random number, mixed so that keys differ even in a world with little randomness. */
INLINE uintptr_t block_secret(uint64_t random) {
    const uint64_t lowest = 1, below = (UINT64_C(1) << 48) - 1;
    return (uintptr_t)((((random + 1) * UINT64_C(0x9e3779b97f4a7c15)) & below) | (uint64_t)BLOCK_KEY_UPPER << 48 |
                       lowest);
}

/* Mix two addresses into one word of at most 48 bits, and back. x86-64 adds two registers into a third by one
 * instruction, and a program's addresses have 47 bits there; elsewhere they may have 48, whose sum would reach into the
 * bits that block_may_be_free() compares. */
#ifdef __x86_64__
INLINE uintptr_t block_mix(uintptr_t block, uintptr_t next) {
    return block + next;
}
INLINE uintptr_t block_unmix(uintptr_t block, uintptr_t mix) {
    return mix - block;
}
#else
INLINE uintptr_t block_mix(uintptr_t block, uintptr_t next) {
    return block ^ next;
}
INLINE uintptr_t block_unmix(uintptr_t block, uintptr_t mix) {
    return mix ^ block;
}
#endif

INLINE uintptr_t block_key(const struct block *block, const struct block *next, uintptr_t secret) {
    return block_mix((uintptr_t)block, (uintptr_t)next) ^ secret;
}

/* The link that the key of `block` implies. */
INLINE const struct block *block_told(const struct block *block, uintptr_t secret) {
    return (const struct block *)block_unmix((uintptr_t)block, block->key ^ secret);
}

/* True when `block` is free and untouched (fast build: when it is a block at all). */
INLINE bool block_is_free(const struct block *block, uintptr_t secret) {
    if (!config_safety) return block != BLOCK_END;
    return block->key == block_key(block, block->next, secret);
}

/* False: `block` is in use. True for every free one, and for one in use whose two bytes here happen to be a key's upper
 * ones: look again. Two bytes, because a wider load stalls when the program has just stored to a part of it, a counter
 * say, right before it frees: 2.6 ns on Zen 5, half of a malloc and free. */
INLINE bool block_may_be_free(const struct block *block) {
    typedef uint16_t part __attribute__((may_alias));
    if (sizeof(uintptr_t) < 8) return config_safety; /* a 32-bit word has no bits to spare: compare all of it */
    return config_safety && ((const part *)&block->key)[sizeof(uintptr_t) / 2 - 1] == BLOCK_KEY_UPPER;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the last part is the uppermost");

/* Make `block` the first of a list that began with `next`. */
INLINE void block_link(struct block *block, struct block *next, uintptr_t secret) {
    if (config_safety) block->key = block_key(block, next, secret);
    block->next = next;
}

/* Mark a block as in use. */
INLINE void block_clear(struct block *block) {
    if (config_safety) block->key = 0;
}
