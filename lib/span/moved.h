/* Large blocks whose pages are moved to where there is room, because copying them is expensive, or would touch memory
 * that they do not use.
 *
 * Linux never merges the mapping of moved pages with its neighbours, nor what is touched between two of them with
 * anything else later, and a process may have some 65,000 mappings. So only a few large blocks are moved at a time,
 * others are copied; moved ones lie among unmapped extents (span/unmapped.h), into which they grow, and become unmapped
 * when they are freed. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/unit.h"

/* Move the pages of `from`, a large block, to the front of a larger one of `count` units, and return it: `from` is then
 * clean, or unmapped. NULL: too many are moved already, or the world cannot; nothing has changed. */
struct unit *moved_take(struct unit *from, uint32_t count);

/* Lengthen a moved block into the unmapped extent to its right. False: there is none, or the world cannot. */
bool moved_extend(struct unit *unit, uint32_t count);
