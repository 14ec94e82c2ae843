/* Address space that goes back to the world, and extents whose pages were moved. */
/* SPDX-License-Identifier: MIT */
#include "span/unmapped.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/extent.h"
#include "span/grow.h"
#include <heapalloc/port.h>

enum {
    UNMAPPED_STEP_UNITS = (16 << 20) / UNIT_BYTES, /* mapped again at once, so that not each small request maps */
    CLEAN_KEPT_UNITS = (512 << 20) / UNIT_BYTES,   /* programs that need less never give addresses back */
    RELEASED_UNITS_MIN = (4 << 20) / UNIT_BYTES,
    OPENED_UNITS = (64 << 20) / UNIT_BYTES,
    EXTENTS_MAX = 12, /* each is a hole, and splits a mapping */
    FREED_EXTENTS_MAX = 1024,
    MOVED_MAX = 16,       /* each is a mapping, and may split another one */
    MOVED_LARGE_MAX = 20, /* the bound for blocks that are expensive to copy */
    MOVED_LARGE_UNITS = (32 << 20) / UNIT_BYTES,
};

static bool can_go(const struct unit *unit) {
    return span_home.stepwise && span_of(unit->memory) == &span_home && port_page_bytes() <= UNIT_BYTES;
}

INLINE size_t bytes_of(const struct unit *unit) {
    return (size_t)unit->count << UNIT_SHIFT;
}

/* Take the front of an unmapped extent as LEAVING: `count` units, or a step if that is more. */
static struct unit *unmapped_take_locked(uint32_t count) {
    debug_check(lock_is_mine(&units.lock));
    struct unit *unit = extent_find(&units.unmapped, count);
    if (!unit) return NULL;
    uint32_t step = count > UNMAPPED_STEP_UNITS ? count : UNMAPPED_STEP_UNITS;
    if (step > unit->count) step = unit->count;
    extent_cut_front(unit, step);
    return extent_hand_out(unit, step, UNIT_LEAVING);
}

static void unmapped_give(struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && !(unit->flags & UNIT_MOVED));
    unit->flags = UNIT_UNMAPPED;
    units_give(unit);
}

STARTUP_TEXT struct unit *unmapped_take(uint32_t count, enum unit_kind kind, uint32_t left) {
    uint32_t unmapped = load_relaxed(units.unmapped_units);
    if (likely(unmapped < count || unmapped <= left) || !lock_take(&units.lock)) return NULL;
    struct unit *unit = unmapped_take_locked(count);
    units_unlock();
    if (!unit) return NULL;
    if (!port_map(unit->memory, bytes_of(unit))) {
        if (unit->count > count) unmapped_give(unit_cut_tail(unit, count));
        if (!port_map(unit->memory, bytes_of(unit))) {
            unmapped_give(unit);
            return NULL;
        }
    }
    unit->flags = UNIT_CLEAN;
    units_shrink(unit, count);
    store_relaxed(unit->kind, (uint8_t)kind);
    return unit;
}

STARTUP_TEXT bool unmapped_release(struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && unit->flags & UNIT_CLEAN);
    debug_check(!lock_is_mine(&units.lock)); /* it makes a system call */
    uint32_t used = load_relaxed(units.used_units), keep = used / 4 > CLEAN_KEPT_UNITS ? used / 4 : CLEAN_KEPT_UNITS;
    if (likely(load_relaxed(units.clean_units) + unit->count <= keep) || unit->count < RELEASED_UNITS_MIN) return false;
    if (load_relaxed(units.unmapped_extents) >= EXTENTS_MAX || !can_go(unit)) return false;
    if (!span_unmap(unit->memory, bytes_of(unit))) return false;
    unit->flags = UNIT_UNMAPPED;
    return true;
}

bool unmapped_free(struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && !lock_is_mine(&units.lock));
    if (unit->flags & (UNIT_MOVED | UNIT_UNMAPPED) || !can_go(unit)) return false;
    if (load_relaxed(units.unmapped_extents) >= FREED_EXTENTS_MAX) return false;
    if (!span_unmap(unit->memory, bytes_of(unit))) return false;
    unit->flags = UNIT_UNMAPPED;
    return true;
}

void unmapped_guard(struct unit *unit, uint32_t count) {
    debug_check(unit->kind == UNIT_LARGE && unit->count > count);
    struct unit *rest = unit_cut_tail(unit, count);
    unmapped_free(rest);
    units_give(rest);
}

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
    bool goes = can_go(unit) && span_unmap(unit->memory, bytes_of(unit));
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
    return (from->flags & UNIT_MOVED || load_relaxed(units.moved_extents) < most) && can_go(from);
}

/* Whether the place that a block moves from stays unmapped: it was a mapping of its own, or it is large, and one of few
 * holes. Otherwise a hole there would split a mapping. */
static bool stays_unmapped(const struct unit *from) {
    return from->flags & UNIT_MOVED ||
           (from->count >= MOVED_LARGE_UNITS && load_relaxed(units.unmapped_extents) < EXTENTS_MAX);
}

struct unit *unmapped_move(struct unit *from, uint32_t count) {
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
    if (!port_move(to->memory, bytes_of(to), from->memory, bytes_of(from), &unmapped)) {
        to->flags = unmapped || span_unmap(to->memory, bytes_of(to)) ? UNIT_UNMAPPED : 0;
        units_give(to);
        return NULL;
    }
    bool stays = stays_unmapped(from);
    if (!(from->flags & UNIT_MOVED)) units_count_moved(1);
    from->flags = unmapped && (stays || !port_map(unmapped, bytes_of(from))) ? UNIT_UNMAPPED : UNIT_CLEAN;
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
bool unmapped_extend(struct unit *unit, uint32_t count) {
    if (!(unit->flags & UNIT_MOVED) || count > SPAN_UNITS_MAX) return false;
    debug_check(count > unit->count);
    uint32_t more = count - unit->count, missing;
    struct unit *right = take_behind(unit, more, &missing);
    if (!right && missing > 0) {
        if (!open_fresh(missing + count)) open_fresh(missing);
        right = take_behind(unit, more, &missing);
    }
    if (!right) return false;
    if (!port_extend(unit->memory, bytes_of(unit), (size_t)count << UNIT_SHIFT)) {
        unmapped_give(right);
        return false;
    }
    store_relaxed(right->kind, UNIT_INSIDE);
    unit->count = count;
    return true;
}
