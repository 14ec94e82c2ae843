/* Purging: memory that has been free for a while goes back to the world; its addresses stay ours, and clean. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/units.h"

/* How long free memory is kept before it is purged; milliseconds. PURGE_NEVER: the world takes no memory back, and no
 * extent leaves the index for a try. */
extern uint32_t purge_decay_ms __attribute__((visibility("hidden")));
#define PURGE_NEVER UINT32_MAX

/* Purge dirty extents that became free before `before_ms`, the oldest first, at most `extents_max`.
 * What the world refuses stays dirty, and is tried again after another decay time.
 * Returns how many units were purged. System calls, outside any lock. */
uint32_t purge_before(uint32_t before_ms, uint32_t extents_max);

/* Purge what nobody needed for a decay time, at most `extents_max`; `quarter` is the time in quarters of a decay time.
 * Returns the units purged. */
uint32_t purge_surplus(uint32_t quarter, uint32_t extents_max);

/* What may stay dirty at most beside a quarter of what is in use, in units, for a world whose memory is limited; 0: it
 * is not. Atomic. */
extern uint32_t purge_kept_max __attribute__((visibility("hidden")));

/* Purge the oldest while more is dirty than both a quarter of what is in use and `keep_units`, or purge_kept_max if
 * that is less. */
void purge_excess(uint32_t keep_units);
