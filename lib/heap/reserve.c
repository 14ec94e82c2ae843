/* Memory before it is needed. */
/* SPDX-License-Identifier: MIT */
#include "heap/reserve.h"
#include "heap/alloc.h"
#include "heap/registry.h"
#include "heap/thread.h"
#include "span/units.h"

/* Slack on top of what is reserved, because level 2 takes runs of up to 64 units. */
enum { SLACK_UNITS = 64, SLACK_SHARE = 8, PIECE_UNITS_MAX = SPAN_UNITS_MAX };

/* Give back taken extents, linked by `next`; clean ones stay clean. */
static void give_all(struct unit *taken) {
    for (struct unit *next; taken; taken = next) {
        next = taken->next;
        units_give(taken);
    }
}

static bool have_units(size_t left) {
    debug_check(left > 0 && !lock_is_mine(&units.lock));
    struct unit *taken = NULL;
    while (left > 0) {
        uint32_t count = (uint32_t)min_size(left, PIECE_UNITS_MAX);
        struct unit *unit = units_take(count, UNIT_LEAVING);
        if (!unit) break;
        unit->next = taken;
        taken = unit;
        left -= count;
    }
    give_all(taken);
    return left == 0;
}

bool heap_reserve(size_t bytes) {
    if (bytes > ALLOC_BYTES_MAX) return false;
    heap_enter();
    if (hardened() && bytes > 0) store_relaxed(heaps.reuses_at_once, true);
    size_t units = units_to_hold(bytes);
    return units == 0 || have_units(units + units / SLACK_SHARE + SLACK_UNITS) || have_units(units);
}
