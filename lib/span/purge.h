/* Purging: memory that has been free for a while goes back to the world; its addresses stay ours, and clean. */
#pragma once
#include "span/units.h"

/* Purge dirty extents that became free before `before_ms`, the oldest first, at most `extents_max`.
 * Returns how many units were purged. System calls, outside any lock. */
uint32_t purge_before(uint32_t before_ms, uint32_t extents_max);

/* Purge the oldest while more is dirty than the heap may keep: a quarter of what is in use, at least 32 MiB. */
void purge_excess(void);
