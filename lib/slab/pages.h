/* The pages of a slab: it is carved page by page, and some have no memory behind them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/unit.h"

enum { SLAB_CARVE_BYTES = 4096, PURGED_MASK = 15, PURGED_SINCE_SHIFT = 4 };

/* The purged pages of a slab, a bit each; true when the block that starts at `offset` starts in one. */
INLINE uint32_t slab_purged_pages(const struct unit *slab) {
    return load_acquire(slab->purged_pages) & PURGED_MASK;
}
INLINE bool slab_is_purged(uint32_t purged, size_t offset) {
    return purged >> offset / SLAB_CARVE_BYTES & 1;
}
