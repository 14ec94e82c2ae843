/* Level 2: a block becomes longer or shorter where it is, or a large one. */
/* SPDX-License-Identifier: MIT */
#include "span/medium_resize.h"
#include "base/check.h"
#include "span/medium_free.h"

/* Grow: [ this ][ free ] => [ -- this -- ][ rest ].   Shrink: [ this ] => [ this ][ free, merged to the right ] */
STARTUP_TEXT static bool resize_locked(struct granule *slot, uint32_t count) {
    debug_check(lock_is_mine(&medium.lock));
    debug_check(granule_state(slot) == GRANULE_USED && count > 0);
    uint32_t have = granule_count(slot), own = slot->head & (GRANULE_STATE_MASK | GRANULE_ZERO);
    struct granule *right = slot + have;
    if (count > have) {
        uint32_t room = granule_state(right) == GRANULE_FREE ? granule_count(right) : 0;
        if (have + room < count) return false;
        uint32_t flags = right->head & FREE_FLAGS;
        medium_leave(right);
        describe(slot, count, own);
        if (have + room > count) medium_enter(slot + count, have + room - count, flags);
        return true;
    }
    describe(slot, count, own);
    struct granule *tail = slot + count;
    describe(tail, have - count, GRANULE_USED);
    medium_merge(tail, have - count, 0);
    return true;
}

STARTUP_TEXT bool medium_extend(struct granule *slot, uint32_t least, uint32_t wish) {
    if (!lock_take(&medium.lock)) return false;
    const struct granule *right = slot + granule_count(slot);
    uint32_t most = granule_count(slot) + (granule_state(right) == GRANULE_FREE ? granule_count(right) : 0);
    bool done = most >= least && resize_locked(slot, wish > least && most >= wish ? wish : least);
    medium_unlock();
    return done;
}

bool medium_resize(struct granule *slot, uint32_t count) {
    if (count == granule_count(slot)) return true;
    if (!lock_take(&medium.lock)) return false;
    bool done = resize_locked(slot, count);
    struct granule *rest = slot + count;
    if (config_bounded && done && granule_state(rest) == GRANULE_FREE && medium_is_wide(granule_count(rest)))
        medium_give_units(rest);
    else
        medium_unlock();
    return done;
}

/* Make a used block of whole units level 1's; the caller describes it. */
STARTUP_TEXT static void leave_level(struct granule *slot, struct unit *unit, uint32_t units) {
    debug_check(lock_is_mine(&medium.lock));
    debug_check(granule_count(slot) == units * GRANULES_PER_UNIT && unit->kind == UNIT_MEDIUM);
    slot[granule_count(slot)].before = 0; /* what is to the left is level 1's now */
    store_relaxed(slot->head, 0);
    for (uint32_t i = 0; i < units; i++) store_relaxed(unit[i].kind, UNIT_INSIDE);
    guarded_add(medium.used_units, -units);
}

/* [ used, from a unit's start on ][ free ] => [ large, whole units ][ rest, free ] */
STARTUP_TEXT struct unit *medium_become_large(struct granule *slot, uint32_t wish_units) {
    debug_check(granule_state(slot) == GRANULE_USED && wish_units > 0);
    struct span *span = span_of_slot(slot);
    uint32_t first = (uint32_t)(slot - span->slots), have = granule_count(slot);
    if (config_bounded || first % GRANULES_PER_UNIT != 0 || !lock_take(&medium.lock)) return NULL;
    const struct granule *right = slot + have;
    uint32_t room = have + (granule_state(right) == GRANULE_FREE ? granule_count(right) : 0);
    uint32_t units = (uint32_t)min_size(room / GRANULES_PER_UNIT, wish_units), count = units * GRANULES_PER_UNIT;
    struct unit *unit = count >= have ? span->lines + first / GRANULES_PER_UNIT : NULL;
    if (unit) {
        if (count > have) resize_locked(slot, count);
        leave_level(slot, unit, units);
        unit_describe(unit, (struct unit){.count = units, .memory = span_slot_memory(span, slot), .kind = UNIT_LARGE});
    }
    medium_unlock();
    return unit;
}

/* [ large ][ free, of level 2 ] => [ -- large -- ][ rest, free ] */
STARTUP_TEXT bool medium_lengthen(struct unit *unit, uint32_t more_units) {
    debug_check(unit->kind == UNIT_LARGE && more_units > 0);
    struct unit *right = unit + unit->count;
    if (config_bounded || load_relaxed(right->kind) != UNIT_MEDIUM || !lock_take(&medium.lock)) return false;
    struct span *span = span_of(unit->memory);
    struct granule *slot = span->slots + (size_t)(right - span->lines) * GRANULES_PER_UNIT;
    uint32_t count = more_units * GRANULES_PER_UNIT;
    bool done =
        load_relaxed(right->kind) == UNIT_MEDIUM && granule_state(slot) == GRANULE_FREE && granule_count(slot) >= count;
    if (done) {
        leave_level(medium_cut(slot, 0, count), right, more_units);
        unit->count += more_units;
        unit->flags &= (uint8_t)~UNIT_CLEAN;
    }
    medium_unlock();
    return done;
}
