/* The granule's slot: 8 bytes that describe 512 bytes of the medium level, apart from it.
 *
 *   slot of a block's first granule    head = state << 28 | ZERO << 27 | PURGED << 26 | count
 *                                      before = count of the block to the left
 *   slots of its other granules        head = 0, except a free block's slots 1 and 2, which hold its list node
 *
 * `before` is written by whatever block is to the left, even across the border of an extent; so a block finds a free
 * left neighbour by checking for a free head of exactly that count there. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/memory.h"
#include "engine/classes.h"
#include "engine/tlsf.h"

enum {
    GRANULE_SHIFT = 9,
    GRANULE_BYTES = 1 << GRANULE_SHIFT,
    GRANULES_PER_UNIT = UNIT_BYTES / GRANULE_BYTES,
};

/* So many granules hold `bytes`. */
INLINE size_t granules_to_hold(size_t bytes) {
    return (bytes + GRANULE_BYTES - 1) >> GRANULE_SHIFT;
}

/* A used block's head, less GRANULE_USED, is its count: one subtraction and comparison tell both. */
enum granule_state {
    GRANULE_NONE = 0,
    GRANULE_USED = 1 << 28, /* a caller's */
    GRANULE_FREE = 2 << 28,
    GRANULE_CACHED = 3 << 28,                     /* freed, kept by a heap's medium cache */
    GRANULE_DEFERRED = 4 << 28,                   /* freed, waits for the holder of the lock */
    GRANULE_KEEP = GRANULE_USED ^ GRANULE_CACHED, /* turns one into the other */
    GRANULE_STATE_SHIFT = 28,
    GRANULE_STATE_MASK = 7 << GRANULE_STATE_SHIFT, /* bit 31 is never set */
    GRANULE_ZERO = 1 << 27,                        /* its memory is known to be zero */
    GRANULE_PURGED = 1 << 26,                      /* free, and the pages wholly inside have no memory behind them */
    GRANULE_SAMPLED = GRANULE_PURGED,              /* used: a profiler knows it (heap/sample.h) */
    GRANULE_COUNT_MASK = GRANULE_PURGED - 1,
};

/* `head` is the upper half: of a list node's address it holds the highest bits, whose state is NONE (or no state), so
 * that a pointer into a free block never looks like one to a used block. */
struct granule {
    uint32_t before;
    uint32_t head;
};

INLINE uint32_t granule_count(const struct granule *slot) {
    return load_relaxed(slot->head) & GRANULE_COUNT_MASK;
}
INLINE uint32_t granule_state(const struct granule *slot) {
    return load_relaxed(slot->head) & GRANULE_STATE_MASK;
}
