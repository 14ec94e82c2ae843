/* Level 1's free extents. */
/* SPDX-License-Identifier: MIT */
#include "span/units_free.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/extent.h"
#include <heapalloc/port.h>

struct units units = {.lock = LOCK_OF(RANK_UNITS)};
struct span *units_tip;

enum merge_age { MERGE_AGELESS, MERGE_AGES };

STARTUP_TEXT static struct unit *take_free(uint32_t count, enum unit_kind kind) {
    struct unit *unit = extent_find(&units.dirty, count);
    if (!unit && !config_bounded) unit = extent_find(&units.clean, count);
    if (!unit) return NULL;
    extent_cut_front(unit, count);
    return extent_hand_out(unit, count, kind);
}

/* At least `least` and at most `most` units out of the largest extent. */
static struct unit *take_largest(const struct tlsf *index, uint32_t least, uint32_t most, enum unit_kind kind) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(least > 0 && most > 0);
    struct tlsf_node *node = tlsf_largest(index);
    struct unit *unit = node ? extent_of(node) : NULL;
    if (!unit || unit->count < least) return NULL;
    uint32_t count = unit->count < most ? unit->count : most;
    extent_cut_front(unit, count);
    return extent_hand_out(unit, count, kind);
}

STARTUP_TEXT bool units_tip_has(uint32_t count) {
    debug_check(lock_is_mine(&units.lock));
    return units_tip && ((size_t)units_tip->top_units + count) << UNIT_SHIFT <= units_tip->bytes;
}

STARTUP_TEXT struct unit *units_take_tip(uint32_t count, enum unit_kind kind) {
    if (!units_tip_has(count)) return NULL;
    struct unit *unit = units_tip->lines + units_tip->top_units;
    debug_check(unit->kind == UNIT_INSIDE); /* never used */
    unit->memory = units_tip->base + ((size_t)units_tip->top_units << UNIT_SHIFT);
    unit->flags = UNIT_CLEAN;
    guarded_add(units_tip->top_units, count);
    return extent_hand_out(unit, count, kind);
}

struct unit *units_take_some(uint32_t most, enum units_state state, enum unit_kind kind) {
    if (!lock_take(&units.lock)) return NULL;
    struct unit *unit = take_largest(state == UNITS_CLEAN ? &units.clean : &units.dirty, 1, most, kind);
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

/* The free extent to the left of `unit`, and in its state; NULL: there is none. */
static struct unit *left_of(const struct unit *unit) {
    const struct unit *last = unit - 1;
    uint8_t kind = load_relaxed(last->kind); /* its holder may change it, but not to or from FREE */
    if (kind != UNIT_FREE && kind != UNIT_FREE_LAST) return NULL;
    const struct unit *head = last - (last->count - 1);
    return (head->flags ^ unit->flags) & UNIT_STATES ? NULL : (struct unit *)head;
}

static struct unit *right_of(const struct unit *unit) {
    const struct unit *head = unit + unit->count;
    if (load_relaxed(head->kind) != UNIT_FREE || (head->flags ^ unit->flags) & UNIT_STATES) return NULL;
    return (struct unit *)head;
}

/* [ left ][ unit ][ right ] => [ --- one free extent --- ], where left and right are free in unit's state.
 * It is as old as its largest part: a big cold extent does not become young because a small one joins it.
 * MERGE_AGES: it may be purged later. So may one that has grown, in any case: a page that its parts share may be free
 * as a whole now. */
static STARTUP_TEXT void extent_merge(struct unit *unit, enum merge_age age) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(unit->kind == UNIT_LEAVING && unit->count > 0 && !(unit->flags & (UNIT_AGED | UNIT_MOVED)));
    struct unit *head = unit, *left = left_of(unit), *right = right_of(unit), *eldest = NULL;
    uint32_t own = unit->count, count = own, largest = own;
    unit->kind = UNIT_INSIDE;
    unit->owner = NULL;
    unit->block_bytes = 0;
    if (left) {
        extent_leave(left);
        if (left->flags & UNIT_AGED && left->count > largest) eldest = left, largest = left->count;
        count += left->count;
        head = left;
    }
    if (right) {
        extent_leave(right);
        if (right->flags & UNIT_AGED && right->count > largest) eldest = right;
        count += right->count;
        right->kind = UNIT_INSIDE;
    }
    if (left && left != eldest) age_leave(left);
    if (right && right != eldest) age_leave(right);
    if (eldest)
        age_replace(eldest, head);
    else if ((age == MERGE_AGES || count > own) && !(head->flags & UNIT_STATES))
        age_enter(head, load_relaxed(units.now_ms));
    extent_enter(head, count);
}

static void give_locked(struct unit *unit, enum merge_age age) {
    extent_note_given();
    guarded_add(units.used_units, -unit->count);
    extent_merge(unit, age);
}

void units_defer(struct unit *first, struct unit *last) {
    debug_check(first->kind == UNIT_LEAVING && last->kind == UNIT_LEAVING);
    struct unit *seen = load_relaxed(units.deferred);
    do last->next = seen;
    while (!cas(units.deferred, &seen, first));
}

static void defer_one(struct unit *unit) {
    units_defer(unit, unit);
}

/* Under the lock: take in what others deferred because they could not have it. */
static NOINLINE void take_deferred(void) {
    debug_check(lock_is_mine(&units.lock));
    struct unit *unit = swap_value(units.deferred, NULL);
    for (struct unit *next; unit; unit = next) {
        next = unit->next;
        give_locked(unit, MERGE_AGES);
    }
}

STARTUP_TEXT void units_unlock(void) {
    if (unlikely(load_relaxed(units.deferred))) take_deferred();
    lock_give(&units.lock);
}

/* Unmap a moved block when it is freed: Linux would keep its mapping apart from its neighbours for ever. Its place has
 * counted as a hole since it moved there. */
static NOINLINE void leave_moved(struct unit *unit) {
    debug_check(!lock_is_mine(&units.lock)); /* it makes a system call */
    debug_check(load_relaxed(units.moved_extents) > 0);
    units_count_moved(-1u);
    unit->flags = UNIT_UNMAPPED;
    if (!port_unmap(unit->memory, (size_t)unit->count << UNIT_SHIFT)) unit->flags = 0;
}

void units_give(struct unit *unit) {
    debug_check(unit->kind != UNIT_FREE && unit->kind != UNIT_FREE_LAST && unit->kind != UNIT_EDGE);
    debug_check(unit->count > 0 && span_line_memory(unit) == unit->memory);
    store_relaxed(unit->kind, UNIT_LEAVING);
    if (unlikely(unit->flags & UNIT_MOVED)) leave_moved(unit);
    if (!lock_take_soon(&units.lock)) {
        defer_one(unit);
        return;
    }
    give_locked(unit, MERGE_AGES);
    units_unlock();
}

bool units_shrink(struct unit *unit, uint32_t count) {
    debug_check(count > 0 && unit->kind != UNIT_FREE && unit->kind != UNIT_INSIDE);
    if (unit->count <= count) return true;
    struct unit *tail = unit_cut_tail(unit, count);
    if (unlikely(unit->flags & UNIT_MOVED)) {
        tail->flags |= UNIT_MOVED;
        units_count_moved(1);
    }
    units_give(tail);
    return true;
}

/* [ unit ][ free ] => [ -- unit -- ][ rest ], or the same with the room above the top. */
bool units_extend_locked(struct unit *unit, uint32_t more) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(unit->kind != UNIT_FREE && unit->kind != UNIT_INSIDE && !(unit->flags & UNIT_MOVED));
    struct unit *right = unit + unit->count;
    if (load_relaxed(right->kind) == UNIT_FREE && right->count >= more && !(right->flags & UNIT_UNMAPPED)) {
        extent_cut_front(right, more);
        right->kind = UNIT_INSIDE;
        if (!(right->flags & UNIT_CLEAN)) unit->flags &= (uint8_t)~UNIT_CLEAN;
    } else if (!config_bounded && units_tip && right == units_tip->lines + units_tip->top_units &&
               units_tip_has(more)) {
        guarded_add(units_tip->top_units, more);
    } else {
        return false;
    }
    guarded_add(units.used_units, more);
    extent_note_taken();
    unit->count += more;
    return true;
}

void units_donate(struct span *span, uint32_t first, uint32_t count, enum units_state state) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(count > 0 && first + count <= span->limit_units);
    struct unit *unit = span->lines + first;
    unit_describe(unit, (struct unit){.count = count,
                                      .memory = span->base + ((size_t)first << UNIT_SHIFT),
                                      .kind = UNIT_LEAVING,
                                      .flags = state == UNITS_CLEAN ? UNIT_CLEAN : 0});
    extent_merge(unit, MERGE_AGES);
}

STARTUP_TEXT void units_publish(struct span *span, size_t bytes) {
    debug_check(bytes > span->bytes && bytes >> UNIT_SHIFT <= span->limit_units);
    while (!lock_take(&units.lock)) {
    } /* freezing takes the gate first, and the gate is ours */
    store_release(span->bytes, bytes);
    if (span == &span_home) span_settle();
    units_unlock();
}

void units_donate_rest(struct span *span) {
    debug_check(lock_is_mine(&units.lock));
    uint32_t end = (uint32_t)(span->bytes >> UNIT_SHIFT), top = swap_value(span->top_units, end);
    if (end > top) units_donate(span, top, end - top, UNITS_CLEAN);
}

STARTUP_TEXT void units_move_tip(struct span *span) {
    debug_check(span != units_tip);
    while (!lock_take(&units.lock)) {
    }
    if (units_tip) units_donate_rest(units_tip);
    units_tip = span;
    units_unlock();
}

struct unit *units_take_oldest(uint32_t before_ms) {
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
struct unit *units_widen(struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && unit->flags & UNIT_CLEAN);
    if (!lock_take(&units.lock)) return unit;
    struct unit *left = left_of(unit), *right = right_of(unit);
    if (right) {
        extent_leave(right);
        guarded_add(units.used_units, right->count);
        unit->count += right->count;
        right->kind = UNIT_INSIDE;
    }
    if (left) {
        extent_leave(left);
        guarded_add(units.used_units, left->count);
        left->count += unit->count;
        left->kind = UNIT_LEAVING;
        store_relaxed(unit->kind, UNIT_INSIDE);
    }
    units_unlock();
    return left ? left : unit;
}

void units_give_purged(struct unit *unit, enum units_state state) {
    debug_check(unit->kind == UNIT_LEAVING && !(unit->flags & UNIT_MOVED));
    if (state == UNITS_CLEAN) unit->flags |= UNIT_CLEAN;
    if (!lock_take(&units.lock)) {
        defer_one(unit);
        return;
    }
    give_locked(unit, state == UNITS_CLEAN ? MERGE_AGES : MERGE_AGELESS);
    units_unlock();
}
