/* realloc: in place where the neighbour allows, by moving pages where it is large, by copying otherwise. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* True when a large block of `have` units is long enough for `need`, and less than a sixteenth too long. */
INLINE bool resize_fits(uint32_t have, size_t need) {
    return have - need <= have / 16;
}

enum {
    RESIZE_GRANULES_MIN = 4096 / GRANULE_BYTES, /* a smaller tail is not worth a descriptor */
    RESIZE_SLACK_SHIFT = 3,                     /* a block that grows takes an eighth more, and may keep that much */
};

/* By how many granules a medium block of `have` may be too long. */
INLINE uint32_t resize_spare_granules(uint32_t have) {
    return RESIZE_GRANULES_MIN + (have >> RESIZE_SLACK_SHIFT);
}

/* The size for a medium block that grows to `size`: a little more, so that it is long enough for the next steps. */
INLINE size_t resize_with_slack(size_t size) {
    return min_size(size + (size >> RESIZE_SLACK_SHIFT), MEDIUM_BYTES_MAX);
}

/* True when `slot` is that of a used medium block which is long enough for `size`, and too long by so little that its
 * tail is not worth a descriptor. */
INLINE bool resize_fits_medium(const struct granule *slot, size_t size) {
    uint32_t have = load_relaxed(slot->head) - GRANULE_USED;
    return size - CLASS_BYTES_MAX - 1 < MEDIUM_BYTES_MAX - CLASS_BYTES_MAX &&
           have - (uint32_t)((size + GRANULE_BYTES - 1) >> GRANULE_SHIFT) < resize_spare_granules(have);
}

/* Make the block at `p` (not NULL) at least `size` bytes (not 0) long; its first min(old, new) bytes keep their
 * contents. NULL: no memory, and the block is unchanged. */
void *heap_resize(void *p, size_t size);
