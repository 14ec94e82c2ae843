/* Level 1: extents of whole units. */
/* SPDX-License-Identifier: MIT */
#include "span/units.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/emergency.h"
#include "span/emergency_reserve.h"
#include "span/grow.h"
#include "span/unmapped.h"

STARTUP_TEXT static struct unit *take(uint32_t count, enum unit_kind kind, enum units_place place) {
    struct unit *unit = NULL;
    uint32_t forks = 0;
    if (unlikely(count == 0 || count > SPAN_UNITS_MAX)) return NULL;
    if (config_bounded) return units_take_ready(count, kind, place, &unit) ? unit : NULL; /* there is no more */
    for (;;) {
        enum grow_result grown = GROW_FROZEN;
        if (units_take_ready(count, kind, place, &unit)) {
            if (likely(unit)) return unit;
            if (lock_fork_is_mine()) unit = emergency_take_ready(count, kind);
            if (unlikely(unit) || (unit = unmapped_take(count, kind, UNMAPPED_LEFT_UNITS))) return unit;
            grown = grow_tip_by(count);
        }
        if (grown == GROW_NO_MEMORY && (unit = unmapped_take(count, kind, 0))) return unit;
        if (grown != GROW_DONE && !emergency_again(count, kind, grown, &forks, &unit)) return unit;
    }
}

STARTUP_TEXT struct unit *units_take(uint32_t count, enum unit_kind kind) {
    return take(count, kind, UNITS_ANYWHERE);
}

struct unit *units_take_top(uint32_t count, enum unit_kind kind) {
    struct unit *unit = take(count, kind, UNITS_ROOMY);
    return unit ? unit : take(count, kind, UNITS_ANYWHERE);
}

STARTUP_TEXT struct unit *units_take_upto(uint32_t least, uint32_t most, enum unit_kind kind) {
    debug_check(least <= most);
    struct unit *unit = least < most ? units_take_pieces(least, most, kind) : NULL;
    if (!unit) unit = units_take(most, kind);
    return unit || most == least ? unit : units_take(least, kind);
}

/* [ spare ][ wanted, aligned ][ spare ] => the spare ends become free extents */
struct unit *units_take_aligned(uint32_t count, uint32_t align_units, enum unit_kind kind) {
    debug_check(align_units == 0 || is_power_of_two(align_units));
    if (align_units <= 1) return units_take(count, kind);
    if (align_units > SPAN_UNITS_MAX || count > SPAN_UNITS_MAX - align_units) return NULL;
    struct unit *front = units_take(count + align_units - 1, kind);
    if (!front) return NULL;
    uint8_t clean = front->flags & UNIT_CLEAN;
    size_t align = (size_t)align_units << UNIT_SHIFT;
    uint32_t skip = (uint32_t)((round_up((uintptr_t)front->memory, align) - (uintptr_t)front->memory) >> UNIT_SHIFT);
    if (skip == 0) {
        units_shrink(front, count);
        return front;
    }
    struct unit *unit = front + skip;
    unit_describe(unit, (struct unit){.count = front->count - skip,
                                      .memory = front->memory + ((size_t)skip << UNIT_SHIFT),
                                      .kind = (uint8_t)kind,
                                      .flags = clean});
    front->count = skip;
    units_give(front);
    units_shrink(unit, count);
    return unit;
}

STARTUP_TEXT bool units_extend(struct unit *unit, uint32_t count) {
    debug_check(unit->kind != UNIT_FREE && unit->kind != UNIT_INSIDE && count >= unit->count);
    if (count > SPAN_UNITS_MAX || unit->flags & UNIT_MOVED) return false;
    for (;;) {
        if (!lock_take(&units.lock)) return false;
        uint32_t more = count - unit->count;
        bool done = units_extend_locked(unit, more);
        bool at_top =
            units.tip && unit + unit->count == units.tip->lines + units.tip->top_units && !units_tip_has(more);
        struct span *tip = units.tip;
        units_unlock();
        if (done) return true;
        if (config_bounded || !at_top || grow_tip_by(more) != GROW_DONE || tip != units.tip) return false;
    }
}
