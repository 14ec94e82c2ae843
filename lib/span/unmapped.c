/* Address space that goes back to the world. */
/* SPDX-License-Identifier: MIT */
#include "span/unmapped.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/extent.h"
#include <heapalloc/port.h>

enum {
    UNMAPPED_STEP_UNITS = (16 << 20) / UNIT_BYTES, /* mapped again at once, so that not each small request maps */
    RELEASED_UNITS_MIN = (4 << 20) / UNIT_BYTES,
};

uint32_t unmapped_kept_units = (512 << 20) / UNIT_BYTES; /* programs that need less never give addresses back */

bool unmapped_can_go(const struct unit *unit) {
    return span_home.stepwise && span_of(unit->memory) == &span_home && port_page_bytes() <= UNIT_BYTES;
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

void unmapped_give(struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && !(unit->flags & UNIT_MOVED));
    unit->flags = UNIT_UNMAPPED;
    units_give(unit);
}

/* The same, mapped and as `kind`; NULL: there is none, or the world cannot map it. Few processes come here. */
static NOINLINE struct unit *take_and_map(uint32_t count, enum unit_kind kind) {
    if (!lock_take(&units.lock)) return NULL;
    struct unit *unit = unmapped_take_locked(count);
    units_unlock();
    if (!unit) return NULL;
    if (!port_map(unit->memory, unit_bytes(unit))) {
        if (unit->count > count) unmapped_give(unit_cut_tail(unit, count));
        if (!port_map(unit->memory, unit_bytes(unit))) {
            unmapped_give(unit);
            return NULL;
        }
    }
    unit->flags = UNIT_CLEAN;
    units_shrink(unit, count);
    store_relaxed(unit->kind, (uint8_t)kind);
    return unit;
}

STARTUP_TEXT struct unit *unmapped_take(uint32_t count, enum unit_kind kind, uint32_t left) {
    uint32_t unmapped = load_relaxed(units.unmapped_units);
    return likely(unmapped < count || unmapped <= left) ? NULL : take_and_map(count, kind);
}

STARTUP_TEXT bool unmapped_release(struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && unit->flags & UNIT_CLEAN);
    debug_check(!lock_is_mine(&units.lock)); /* it makes a system call */
    uint32_t used = load_relaxed(units.used_units), keep = load_relaxed(unmapped_kept_units);
    if (used / 4 > keep) keep = used / 4;
    if (likely(load_relaxed(units.clean_units) + unit->count <= keep) || unit->count < RELEASED_UNITS_MIN) return false;
    if (load_relaxed(units.unmapped_extents) >= unmapped_extents_max() || !unmapped_can_go(unit)) return false;
    if (!span_unmap(unit->memory, unit_bytes(unit))) return false;
    unit->flags = UNIT_UNMAPPED;
    return true;
}

bool unmapped_free(struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && !lock_is_mine(&units.lock));
    if (unit->flags & (UNIT_MOVED | UNIT_UNMAPPED) || !unmapped_can_go(unit)) return false;
    if (load_relaxed(units.unmapped_extents) >= unmapped_extents_max()) return false;
    if (!span_unmap(unit->memory, unit_bytes(unit))) return false;
    unit->flags = UNIT_UNMAPPED;
    return true;
}

void unmapped_guard(struct unit *unit, uint32_t count) {
    debug_check(unit->kind == UNIT_LARGE && unit->count > count);
    struct unit *rest = unit_cut_tail(unit, count);
    unmapped_free(rest);
    units_give(rest);
}
