/* Level 1: dirty extents leave to be purged, the oldest first, and return. */
/* SPDX-License-Identifier: MIT */
#include "span/units_aged.h"
#include "base/check.h"
#include "base/memory.h"

STARTUP_TEXT struct unit *units_take_oldest(uint32_t before_ms) {
    if (!lock_take(&units.lock)) return NULL;
    struct unit *unit = units.oldest;
    if (unit && (int32_t)(unit->freed_ms - before_ms) < 0) {
        extent_leave(unit);
        age_leave(unit);
        extent_hand_out(unit, unit->count, UNIT_LEAVING);
    } else {
        unit = NULL;
    }
    units_unlock();
    return unit;
}

/* [ unit ] => [ unit: as old as before ][ taken ] */
static struct unit *cut_surplus(struct unit *unit) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(units.surplus_units > 0 && unit->flags & UNIT_AGED);
    extent_leave(unit);
    if (unit->count <= units.surplus_units) {
        age_leave(unit);
        return unit;
    }
    struct unit *tail = unit_cut_tail(unit, unit->count - units.surplus_units);
    extent_enter(unit, unit->count);
    return tail;
}

struct unit *units_take_surplus(void) {
    if (!lock_take(&units.lock)) return NULL;
    if (units.least_dirty[0] < units.surplus_units) store_relaxed(units.surplus_units, units.least_dirty[0]);
    struct unit *unit = units.surplus_units > 0 ? units.oldest : NULL;
    if (unit) {
        unit = cut_surplus(unit);
        store_relaxed(units.surplus_units, units.surplus_units - unit->count);
        for (uint32_t i = 0; i <= DECAY_QUARTERS; i++)
            units.least_dirty[i] -= units.least_dirty[i] < unit->count ? units.least_dirty[i] : unit->count;
        extent_hand_out(unit, unit->count, UNIT_LEAVING);
    } else {
        store_relaxed(units.surplus_units, 0);
    }
    units_unlock();
    return unit;
}

/* Other threads miss these extents meanwhile, but it costs them no memory: they take other clean units. */
STARTUP_TEXT struct unit *units_widen(struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && unit->flags & UNIT_CLEAN);
    if (!lock_take(&units.lock)) return unit;
    struct unit *left = extent_left(unit), *right = extent_right(unit);
    if (right) {
        extent_leave(right);
        guarded_add(units.used_units, right->count);
        unit->count += right->count;
        unit_become(right, UNIT_INSIDE);
    }
    if (left) {
        extent_leave(left);
        guarded_add(units.used_units, left->count);
        left->count += unit->count;
        unit_become(left, UNIT_LEAVING);
        unit_become(unit, UNIT_INSIDE);
    }
    units_unlock();
    return left ? left : unit;
}

STARTUP_TEXT void units_give_purged(struct unit *unit, enum units_state state) {
    debug_check(unit->kind == UNIT_LEAVING && !(unit->flags & UNIT_MOVED));
    if (state == UNITS_CLEAN) unit->flags |= UNIT_CLEAN;
    if (!lock_take(&units.lock)) {
        units_defer(unit, unit);
        return;
    }
    units_give_locked(unit, state == UNITS_CLEAN ? MERGE_AGES : MERGE_AGELESS);
    units_unlock();
}
