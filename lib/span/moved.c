/* Large blocks whose pages were moved. */
/* SPDX-License-Identifier: MIT */
#include "span/moved.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/extent.h"
#include "span/grow.h"
#include "span/unmapped.h"
#include <heapalloc/port.h>

enum {
    OPENED_UNITS = (64 << 20) / UNIT_BYTES,
    MOVED_MAX = 16,       /* each is a mapping, and may split another one */
    MOVED_LARGE_MAX = 20, /* the bound for blocks that are expensive to copy */
    MOVED_LARGE_UNITS = (32 << 20) / UNIT_BYTES,
};

/* Take units that were never handed out, as LEAVING. */
static struct unit *take_fresh(uint32_t count) {
    if (count > SPAN_UNITS_MAX || grow_tip_by(count) != GROW_DONE || !lock_take(&units.lock)) return NULL;
    struct unit *unit = units_take_tip(count, UNIT_LEAVING);
    units_unlock();
    return unit;
}

/* Make new units at the tip unmapped. False: there are none, or they stay mapped. */
static bool open_fresh(uint32_t count) {
    struct unit *unit = take_fresh(count);
    if (!unit) return false;
    bool goes = unmapped_can_go(unit) && span_unmap(unit->memory, unit_bytes(unit));
    if (goes) unit->flags = UNIT_UNMAPPED;
    units_give(unit);
    return goes;
}

/* Make an unmapped extent of `count` new units at the tip, or of twice as many: the second half is room to grow. Units
 * are mapped before they are unmapped, which a limit may forbid for all at a time: then it is done by steps, of
 * `growth` units if that is much, because a world that refuses these would refuse the move too. */
static void open_room(uint32_t count, uint32_t growth) {
    debug_check(count > 0);
    if (open_fresh(2 * count) || open_fresh(count)) return;
    uint32_t most = growth > OPENED_UNITS ? growth : OPENED_UNITS;
    for (uint32_t step; count > 0; count -= step) {
        step = count < most ? count : most;
        if (!open_fresh(step)) return;
    }
}

/* Take the front of the largest unmapped extent as LEAVING. */
static struct unit *take_room(uint32_t count) {
    if (!lock_take(&units.lock)) return NULL;
    struct tlsf_node *node = tlsf_largest(&units.unmapped);
    struct unit *unit = node && extent_of(node)->count >= count ? extent_of(node) : extent_find(&units.unmapped, count);
    if (unit) {
        extent_cut_front(unit, count);
        extent_hand_out(unit, count, UNIT_LEAVING);
    }
    units_unlock();
    return unit;
}

static bool may_move(const struct unit *from) {
    uint32_t most = from->count >= MOVED_LARGE_UNITS ? MOVED_LARGE_MAX : MOVED_MAX;
    return (from->flags & UNIT_MOVED || load_relaxed(units.moved_extents) < most) && unmapped_can_go(from);
}

/* Whether the place that a block moves from stays unmapped: it was a mapping of its own, or it is large, and one of few
 * holes. Otherwise a hole there would split a mapping. */
static bool stays_unmapped(const struct unit *from) {
    return from->flags & UNIT_MOVED ||
           (from->count >= MOVED_LARGE_UNITS && load_relaxed(units.unmapped_extents) < unmapped_extents_max());
}

struct unit *moved_take(struct unit *from, uint32_t count) {
    debug_check(from->kind == UNIT_LARGE || from->kind == UNIT_LEAVING);
    debug_check(count > 0 && !lock_is_mine(&units.lock));
    if (!may_move(from)) return NULL;
    struct unit *to = take_room(count);
    if (!to) {
        open_room(count, count - from->count);
        to = take_room(count);
    }
    if (!to) return NULL;
    void *unmapped;
    span_open_hole(from->memory);
    span_open_hole(to->memory);
    if (!port_move(to->memory, unit_bytes(to), from->memory, unit_bytes(from), &unmapped)) {
        to->flags = unmapped || span_unmap(to->memory, unit_bytes(to)) ? UNIT_UNMAPPED : 0;
        units_give(to);
        return NULL;
    }
    bool stays = stays_unmapped(from);
    if (!(from->flags & UNIT_MOVED)) units_count_moved(1);
    from->flags = unmapped && (stays || !port_map(unmapped, unit_bytes(from))) ? UNIT_UNMAPPED : UNIT_CLEAN;
    to->flags = UNIT_MOVED;
    store_relaxed(to->kind, UNIT_LARGE);
    return to;
}

/* Take `more` units behind a moved block, as LEAVING. NULL: *missing more are needed at the top, if it is not 0. */
static struct unit *take_behind(struct unit *unit, uint32_t more, uint32_t *missing) {
    *missing = 0;
    if (!lock_take(&units.lock)) return NULL;
    struct unit *right = unit + unit->count, *taken = NULL;
    bool unmapped = load_relaxed(right->kind) == UNIT_FREE && right->flags & UNIT_UNMAPPED;
    uint32_t have = unmapped ? right->count : 0;
    if (unmapped && have >= more) {
        extent_cut_front(right, more);
        taken = extent_hand_out(right, more, UNIT_LEAVING);
    } else if (units.tip && right + have == units.tip->lines + units.tip->top_units) {
        *missing = more - have;
    }
    units_unlock();
    return taken;
}

/* [ unit: moved ][ unmapped ] => [ ---- unit ---- ][ unmapped ] */
bool moved_extend(struct unit *unit, uint32_t count) {
    if (!(unit->flags & UNIT_MOVED) || count > SPAN_UNITS_MAX) return false;
    debug_check(count > unit->count);
    uint32_t more = count - unit->count, missing;
    struct unit *right = take_behind(unit, more, &missing);
    if (!right && missing > 0) {
        if (!open_fresh(missing + count)) open_fresh(missing);
        right = take_behind(unit, more, &missing);
    }
    if (!right) return false;
    if (!port_extend(unit->memory, unit_bytes(unit), (size_t)count << UNIT_SHIFT)) {
        unmapped_give(right);
        return false;
    }
    store_relaxed(right->kind, UNIT_INSIDE);
    unit->count = count;
    return true;
}
