/* By how much a resized block may be too long, and how much more than requested it takes when it grows. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* True when a large block of `have` units is long enough for `need`, and less than a sixteenth too long. */
INLINE bool resize_fits(uint32_t have, size_t need) {
    return have - need <= have / 16;
}

enum {
    RESIZE_GRANULES_MIN = 4096 / GRANULE_BYTES, /* a smaller tail is not worth a descriptor */
    RESIZE_SLACK_SHIFT = 2,                     /* a block that grows takes a quarter more, and may keep that much */
    RESIZE_SLACK_MAX = MEDIUM_BYTES_MAX,
    RESIZE_LEAP_PART = 3, /* what grows by more than that part of it has room of its own */
};

/* By how many granules a medium block of `have` may be too long. */
INLINE uint32_t resize_spare_granules(uint32_t have) {
    uint32_t spare = have >> RESIZE_SLACK_SHIFT;
    return spare > RESIZE_GRANULES_MIN ? spare : (uint32_t)RESIZE_GRANULES_MIN;
}

/* The size for a block of `old_bytes` that grows to `size`: a quarter more, so that it is long enough for the next
 * steps, but no more than level 2 has as long as `size` is not; nothing more when it grows by a third or more at once,
 * as what doubles its blocks, or lengthens them by half, has room of its own. Half of what was asked for may be a third
 * of the block, which was rounded up. */
INLINE size_t resize_with_slack(size_t size, size_t old_bytes) {
    if (size - old_bytes >= old_bytes / RESIZE_LEAP_PART) return size;
    size_t wish = size + min_size(size >> RESIZE_SLACK_SHIFT, RESIZE_SLACK_MAX);
    return size <= MEDIUM_BYTES_MAX ? min_size(wish, MEDIUM_BYTES_MAX) : wish;
}

/* True when `slot` is that of a used medium block which is long enough for `size`, and too long by so little that its
 * tail is not worth a descriptor. */
INLINE bool resize_fits_medium(const struct granule *slot, size_t size) {
    uint32_t have = load_relaxed(slot->head) - GRANULE_USED;
    return size - CLASS_BYTES_MAX - 1 < MEDIUM_BYTES_MAX - CLASS_BYTES_MAX &&
           have - (uint32_t)granules_to_hold(size) < resize_spare_granules(have);
}
