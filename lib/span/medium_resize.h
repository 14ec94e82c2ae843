/* Level 2: a block becomes longer or shorter where it is. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/medium_index.h"

/* Make a used block `wish` granules long without moving it, or if there is too little room `least`, both more than it
 * has; false: nor for that. */
bool medium_extend(struct granule *slot, uint32_t least, uint32_t wish);

/* Make a used block `count` granules long without moving it; false: no room to its right. */
bool medium_resize(struct granule *slot, uint32_t count);
