/* Level 1: extents return, merged with their neighbours at once (TLSF). Nothing here asks the world for memory. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/extent.h"

/* Dirty: written to since the world gave it. Clean: known to be zero, with no memory behind it. */
enum units_state { UNITS_DIRTY, UNITS_CLEAN };

/* Whether what was merged may be purged later. */
enum merge_age { MERGE_AGELESS, MERGE_AGES };

/* Give an extent back. Never waits: when the lock is busy, its holder takes the extent in. */
void units_give(struct unit *unit);

/* Defer a chain of extents, linked by next, until somebody has the lock. */
void units_defer(struct unit *first, struct unit *last);

/* Shorten an extent to `count` units. */
bool units_shrink(struct unit *unit, uint32_t count);

/* Count `more` extents with UNIT_MOVED; -1u takes one away. */
INLINE void units_count_moved(uint32_t more) {
    __atomic_fetch_add(&units.moved_extents, more, __ATOMIC_RELAXED);
}

/* Take the lock to read level 1 (inspect, fork). */
INLINE bool units_lock(void) {
    return lock_take(&units.lock);
}
void units_unlock(void);

/* ---- with the lock held ---- */

/* [ left ][ unit ][ right ] => [ --- one free extent --- ], where left and right are free in unit's state.
 * It is as old as its largest part: a big cold extent does not become young because a small one joins it.
 * MERGE_AGES: it may be purged later. So may one that has grown, in any case: a page that its parts share may be free
 * as a whole now. */
void units_merge(struct unit *unit, enum merge_age age);

/* The same for an extent that was handed out. */
void units_give_locked(struct unit *unit, enum merge_age age);
