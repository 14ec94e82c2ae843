/* Level 2's state: its lock, its sums, its two indexes of free blocks. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include "span/span.h"

enum {
    MEDIUM_GRANULES_MIN = CLASS_BYTES_MAX / GRANULE_BYTES + 1, /* the smallest block a caller gets */
    MEDIUM_BYTES_MAX = 256 * 1024,
};

struct medium {
    struct lock lock;
    uint32_t used_units; /* units that level 2 has from level 1 */
    uint32_t free_granules;
    uint32_t dirty_granules;  /* free, listed, and not purged */
    struct granule *deferred; /* freed while the lock was taken; linked through the list node's place, atomic */
    struct tlsf dirty;
    struct tlsf purged;
    uint32_t free_blocks; /* 0 in the bounded build */
};

extern struct medium medium __attribute__((visibility("hidden")));

/* Take the lock to read level 2 (inspect, fork). */
INLINE bool medium_lock(void) {
    return lock_take(&medium.lock);
}
void medium_unlock(void);
