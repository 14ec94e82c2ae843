/* What the hardened build writes into the last eight bytes of each block that is in use.
 *
 *   (address of the block ^ a secret) ^ (what is spare, in sixteens, * a constant)
 *
 * free, realloc and others check it, so an overflow of the block, or an underflow of the one behind it, is found then.
 * In a block that is of its request's class, as nearly all are, nothing counts as spare. In any other it tells the size
 * that was asked for, so that a sized free with another one is found; and free takes its slow path. The constant
 * spreads it over all bytes: of the words that differ from the right one in any byte, one in 2^48 tells of some spare.
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

enum { CANARY_BYTES = 8, CANARY_SPARE_UNKNOWN = 0xffff };

/* 2^64 / the golden ratio, and the number that undoes a multiplication with it. */
#define CANARY_SPREAD UINT64_C(0x9e3779b97f4a7c15)
#define CANARY_GATHER UINT64_C(0xf1de83e19937733d)

typedef uint64_t canary_word __attribute__((may_alias));

/* Its upper bits are those of a key (slab/block.h), so that the fast paths decline a block with such a key as perhaps
 * free. */
INLINE uintptr_t canary_of(const void *block) {
    return (uintptr_t)block ^ racy_load(hardened_secret);
}

/* Where it is in a block of `bytes`. */
INLINE canary_word *canary_place(const void *block, size_t bytes) {
    return (canary_word *)((uintptr_t)block + bytes) - 1;
}

/* True when a request of `size` bytes, its canary included, is of the class that has blocks of `bytes`. */
INLINE bool canary_is_plain(size_t bytes, size_t size) {
    return size <= CLASS_BYTES_MAX && class_shapes[class_of(size)].block_bytes == bytes;
}

/* Set it in a block that serves a request of `size` bytes, its canary included. */
INLINE void canary_set(void *block, size_t bytes, size_t size) {
    debug_check(size > 0 && size <= bytes);
    uint64_t spare = canary_is_plain(bytes, size) ? 0 : (bytes - size) / BLOCK_ALIGN_BYTES + 1;
    if (spare > CANARY_SPARE_UNKNOWN) spare = CANARY_SPARE_UNKNOWN;
    *canary_place(block, bytes) = canary_of(block) ^ spare * CANARY_SPREAD;
}

/* What it tells; more than UNKNOWN when it is damaged. */
INLINE uint64_t canary_spare(const void *block, size_t bytes) {
    return (*canary_place(block, bytes) ^ canary_of(block)) * CANARY_GATHER;
}

INLINE bool canary_is_intact(const void *block, size_t bytes) {
    return canary_spare(block, bytes) <= CANARY_SPARE_UNKNOWN;
}

/* False: the block of `bytes` was requested with more than `size` bytes, its canary included. */
INLINE bool canary_fits(const void *block, size_t bytes, size_t size) {
    uint64_t spare = canary_spare(block, bytes);
    if (spare == 0) return canary_is_plain(bytes, size);
    return spare == CANARY_SPARE_UNKNOWN || (bytes - size) / BLOCK_ALIGN_BYTES + 1 <= spare;
}
