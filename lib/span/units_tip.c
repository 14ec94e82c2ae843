/* Level 1: the tip, and memory that comes from the world. */
/* SPDX-License-Identifier: MIT */
#include "span/units_tip.h"
#include "base/check.h"
#include "base/memory.h"

STARTUP_TEXT bool units_tip_has(uint32_t count) {
    debug_check(lock_is_mine(&units.lock));
    return units.tip && ((size_t)units.tip->top_units + count) << UNIT_SHIFT <= units.tip->bytes;
}

STARTUP_TEXT struct unit *units_take_tip(uint32_t count, enum unit_kind kind) {
    if (!units_tip_has(count)) return NULL;
    struct unit *unit = units.tip->lines + units.tip->top_units;
    debug_check(unit->kind == UNIT_INSIDE); /* never used */
    unit->memory = units.tip->base + ((size_t)units.tip->top_units << UNIT_SHIFT);
    unit->flags = UNIT_CLEAN;
    guarded_add(units.tip->top_units, count);
    return extent_hand_out(unit, count, kind);
}

void units_donate(struct span *span, uint32_t first, uint32_t count, enum units_state state) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(count > 0 && first + count <= span->limit_units);
    struct unit *unit = span->lines + first;
    unit_describe(unit, (struct unit){.count = count,
                                      .memory = span->base + ((size_t)first << UNIT_SHIFT),
                                      .kind = UNIT_LEAVING,
                                      .flags = state == UNITS_CLEAN ? UNIT_CLEAN : 0});
    units_merge(unit, MERGE_AGES);
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
    debug_check(span != units.tip);
    while (!lock_take(&units.lock)) {
    }
    if (units.tip) units_donate_rest(units.tip);
    units.tip = span;
    units_unlock();
}
