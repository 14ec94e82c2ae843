/* The set of a slab's free blocks: those in its own list, in its remote list, in its owner's bin, and adopted in any
 * heap's bin. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/bin.h"

struct slab_map {
    uint64_t free[UNIT_BYTES / BLOCK_ALIGN_BYTES / 64]; /* bit n: block n is in one of the lists */
    uint32_t listed;                                    /* blocks in the slab's own list */
    uint32_t remote;
    uint32_t binned; /* blocks in bins, adopted ones too */
};

/* Fill the map. False: a list leaves the slab, holds a block twice or one that does not look free, or is not as long
 * as the ownership word says. Blocks beyond that are not in the map. */
bool slab_map_fill(struct slab_map *map, const struct unit *slab);

/* The number of blocks that are carved and in no purged page. */
uint32_t slab_blocks_kept(const struct unit *slab);

/* True when block `index` is in a list. */
INLINE bool slab_map_has(const struct slab_map *map, uint32_t index) {
    return map->free[index / 64] >> index % 64 & 1;
}
