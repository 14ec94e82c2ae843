/* The list of dirty free extents by age: the oldest is purged first. Under the units lock; every step O(1).
 * The bounded build purges nothing, and enters nothing. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "span/unit_index.h"

/* Enter an extent as the youngest. */
INLINE void age_enter(struct unit *unit, uint32_t now_ms) {
    if (config_bounded) return;
    debug_check(lock_is_mine(&units.lock));
    debug_check(!(unit->flags & (UNIT_AGED | UNIT_STATES)));
    unit->freed_ms = now_ms;
    unit->older = units.newest;
    unit->newer = NULL;
    *(units.newest ? &units.newest->newer : &units.oldest) = unit;
    units.newest = unit;
    unit->flags |= UNIT_AGED;
}

/* Take an extent out; nothing to do for one that is not in the list. */
INLINE void age_leave(struct unit *unit) {
    if (config_bounded) return;
    debug_check(lock_is_mine(&units.lock));
    if (!(unit->flags & UNIT_AGED)) return;
    debug_check(unit->older ? unit->older->newer == unit : units.oldest == unit);
    *(unit->older ? &unit->older->newer : &units.oldest) = unit->newer;
    *(unit->newer ? &unit->newer->older : &units.newest) = unit->older;
    unit->flags &= (uint8_t)~UNIT_AGED;
}

/* Put `heir` in the place of `unit`, with its age. */
INLINE void age_replace(struct unit *unit, struct unit *heir) {
    if (config_bounded) return;
    debug_check(lock_is_mine(&units.lock));
    if (!(unit->flags & UNIT_AGED) || unit == heir) return;
    debug_check(!(heir->flags & UNIT_AGED));
    heir->freed_ms = unit->freed_ms;
    heir->older = unit->older;
    heir->newer = unit->newer;
    *(heir->older ? &heir->older->newer : &units.oldest) = heir;
    *(heir->newer ? &heir->newer->older : &units.newest) = heir;
    unit->flags &= (uint8_t)~UNIT_AGED;
    heir->flags |= UNIT_AGED;
}
