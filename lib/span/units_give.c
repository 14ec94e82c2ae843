/* Level 1: extents return, merged with their neighbours at once. */
/* SPDX-License-Identifier: MIT */
#include "span/units_give.h"
#include "base/check.h"
#include "base/memory.h"
#include <heapalloc/port.h>

struct units units = {.lock = LOCK_OF(RANK_UNITS)};

STARTUP_TEXT void units_merge(struct unit *unit, enum merge_age age) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(unit->kind == UNIT_LEAVING && unit->count > 0 && !(unit->flags & (UNIT_AGED | UNIT_MOVED)));
    struct unit *head = unit, *left = extent_left(unit), *right = extent_right(unit), *eldest = NULL;
    uint32_t own = unit->count, count = own, largest = own;
    unit_become(unit, UNIT_INSIDE);
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
        unit_become(right, UNIT_INSIDE);
    }
    if (left && left != eldest) age_leave(left);
    if (right && right != eldest) age_leave(right);
    if (eldest)
        age_replace(eldest, head);
    else if ((age == MERGE_AGES || count > own) && !(head->flags & UNIT_STATES))
        age_enter(head, load_relaxed(units.now_ms));
    extent_enter(head, count);
}

STARTUP_TEXT void units_give_locked(struct unit *unit, enum merge_age age) {
    extent_note_given();
    guarded_add(units.used_units, -unit->count);
    units_merge(unit, age);
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
        units_give_locked(unit, MERGE_AGES);
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
    if (!port_unmap(unit->memory, unit_bytes(unit))) unit->flags = 0;
}

STARTUP_TEXT void units_give(struct unit *unit) {
    debug_check(unit->kind != UNIT_FREE && unit->kind != UNIT_FREE_LAST && unit->kind != UNIT_EDGE);
    debug_check(unit->count > 0 && span_line_memory(unit) == unit->memory);
    unit_become(unit, UNIT_LEAVING);
    if (unlikely(unit->flags & UNIT_MOVED)) leave_moved(unit);
    if (!lock_take_soon(&units.lock)) {
        defer_one(unit);
        return;
    }
    units_give_locked(unit, MERGE_AGES);
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
