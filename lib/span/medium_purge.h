/* Level 2: what is free goes back to level 1, or to the world. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/medium.h"

/* Return free units to level 1, and purge pages inside of other free blocks, until no more than `keep_granules` are
 * free and dirty; the largest first, `blocks_max` at most. False: there is more. System calls, outside the lock. */
bool medium_purge(uint32_t keep_granules, uint32_t blocks_max);

/* Return a run of free, touched units to level 1, which has none: its next user would touch new ones. False: there is
 * none. */
bool medium_shed(void);
