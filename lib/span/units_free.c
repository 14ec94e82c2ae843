/* Level 1's free extents. */
/* SPDX-License-Identifier: MIT */
#include "span/units_free.h"
#include "base/check.h"
#include "base/memory.h"

STARTUP_TEXT static struct unit *take_front(struct unit *unit, uint32_t count, enum unit_kind kind) {
    if (!unit) return NULL;
    extent_cut_front(unit, count);
    return extent_hand_out(unit, count, kind);
}

STARTUP_TEXT static struct unit *take_free(uint32_t count, enum unit_kind kind) {
    struct unit *unit = extent_find(&units.dirty, count);
    if (!unit && !config_bounded) unit = extent_find(&units.clean, count);
    return take_front(unit, count, kind);
}

/* At least `least` and at most `most` units out of the largest extent. */
STARTUP_TEXT static struct unit *take_largest(const struct tlsf *index, uint32_t least, uint32_t most,
                                              enum unit_kind kind) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(least > 0 && most > 0);
    struct tlsf_node *node = tlsf_largest(index);
    struct unit *unit = node ? extent_of(node) : NULL;
    if (!unit || unit->count < least) return NULL;
    uint32_t count = unit->count < most ? unit->count : most;
    extent_cut_front(unit, count);
    return extent_hand_out(unit, count, kind);
}

struct unit *units_take_some(uint32_t most, enum units_state state, enum unit_kind kind) {
    if (!lock_take(&units.lock)) return NULL;
    struct unit *unit = take_largest(state == UNITS_CLEAN ? &units.clean : &units.dirty, 1, most, kind);
    units_unlock();
    return unit;
}

struct unit *units_take_dirty(uint32_t count, enum unit_kind kind) {
    if (load_relaxed(units.dirty_units) < count || !lock_take(&units.lock)) return NULL;
    struct unit *unit = take_front(extent_find(&units.dirty, count), count, kind);
    units_unlock();
    return unit;
}

static struct unit *take_roomy(uint32_t count, enum unit_kind kind) {
    uint32_t room = count + count / 4;
    struct unit *unit = take_largest(&units.dirty, room, count, kind);
    return unit || config_bounded ? unit : take_largest(&units.clean, room, count, kind);
}

STARTUP_TEXT bool units_take_ready(uint32_t count, enum unit_kind kind, enum units_place place, struct unit **unit) {
    if (!lock_take(&units.lock)) return false;
    *unit = place == UNITS_ROOMY ? take_roomy(count, kind) : take_free(count, kind);
    if (!*unit && !config_bounded) *unit = units_take_tip(count, kind);
    units_unlock();
    return true;
}

STARTUP_TEXT struct unit *units_take_pieces(uint32_t least, uint32_t most, enum unit_kind kind) {
    if (load_relaxed(units.dirty_units) == 0 || !lock_take(&units.lock)) return NULL;
    struct unit *unit = extent_find(&units.dirty, most) ? NULL : take_largest(&units.dirty, least, most, kind);
    units_unlock();
    return unit;
}

/* Without the lock, another core may be changing the index, so its maps may disagree. Lines are readable for ever. */
static bool seem_to_have(uint32_t count) {
    struct tlsf_lists lists = tlsf_lists(count);
    struct tlsf_node *node = load_relaxed(*tlsf_head(&units.dirty, lists.exact));
    if (node && load_relaxed(extent_of(node)->count) >= count) return true;
    size_t row = lists.enough >> TLSF_COLUMN_SHIFT;
    uint32_t columns = load_relaxed(units.dirty.column_map[row]) & (~0u << (lists.enough & (TLSF_COLUMNS - 1)));
    return columns != 0 || (load_relaxed(units.dirty.row_map) & (~1u << row)) != 0;
}

/* What is being cut is in no list meanwhile, so only the lock's holder may say no. */
bool units_have(uint32_t count) {
    if (seem_to_have(count)) return true;
    if (!lock_take(&units.lock)) return false;
    bool have = seem_to_have(count);
    units_unlock();
    return have;
}

/* [ unit ][ free ] => [ -- unit -- ][ rest ], or the same with the room above the top. */
STARTUP_TEXT bool units_extend_locked(struct unit *unit, uint32_t more) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(unit->kind != UNIT_FREE && unit->kind != UNIT_INSIDE && !(unit->flags & UNIT_MOVED));
    struct unit *right = unit + unit->count;
    if (load_relaxed(right->kind) == UNIT_FREE && right->count >= more && !(right->flags & UNIT_UNMAPPED)) {
        extent_cut_front(right, more);
        unit_become(right, UNIT_INSIDE);
        if (!(right->flags & UNIT_CLEAN)) unit->flags &= (uint8_t)~UNIT_CLEAN;
    } else if (!config_bounded && units.tip && right == units.tip->lines + units.tip->top_units &&
               units_tip_has(more)) {
        guarded_add(units.tip->top_units, more);
    } else {
        return false;
    }
    guarded_add(units.used_units, more);
    extent_note_taken();
    unit->count += more;
    return true;
}
