/* A free block's two words, and the lists made of them.
 *
 *   next                           the list; the last block's is block_end
 *   key = next ^ block ^ secret    says that this block, here, is free and that nobody wrote to it since
 *
 * A block whose key is right is free; it is handed out only then, and its key is cleared. Whatever is done to a
 * free block (one byte of either word, a copy of another free block, a second free with or without wiping) the
 * list never yields a block that is in use, because a block in use has no key. The secret's lowest bit is set and
 * block_end's words are zero, so block_end never has a right key: an empty list and a damaged one leave the fast
 * path by the same comparison. In the fast build lists are plain and end with NULL. */
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

INLINE uintptr_t block_key(const struct block *block, const struct block *next, uintptr_t secret) {
    return (uintptr_t)next ^ ((uintptr_t)block ^ secret);
}

/* True when `block` is free and untouched (fast build: when it is a block at all). */
INLINE bool block_is_free(const struct block *block, uintptr_t secret) {
    if (!config_safety) return block != BLOCK_END;
    return ((uintptr_t)block->next ^ block->key) == ((uintptr_t)block ^ secret);
}

/* Make `block` the first of a list that began with `next`. */
INLINE void block_link(struct block *block, struct block *next, uintptr_t secret) {
    if (config_safety) block->key = block_key(block, next, secret);
    block->next = next;
}

/* Mark a block as in use. */
INLINE void block_clear(struct block *block) {
    if (config_safety) block->key = 0;
}
