/* Level 2: a block becomes longer or shorter where it is, or a large one. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/medium_index.h"

/* Make a used block `wish` granules long without moving it, or if there is too little room `least`, both more than it
 * has; false: nor for that. */
bool medium_extend(struct granule *slot, uint32_t least, uint32_t wish);

/* Make a used block `count` granules long without moving it; false: no room to its right. */
bool medium_resize(struct granule *slot, uint32_t count);

/* Make a used block one of level 1 where it is, of `wish_units` units or, if there is too little room, fewer, but at
 * least as long as before. NULL: it does not start at a unit's start, or its last unit has other blocks in use. */
struct unit *medium_become_large(struct granule *slot, uint32_t wish_units);

/* Lengthen a large block by free units of level 2 to its right; false: there are too few. */
bool medium_lengthen(struct unit *unit, uint32_t more_units);
