/* Holes between slabs. */
/* SPDX-License-Identifier: MIT */
#include "heap/hole.h"
#include "base/check.h"
#include "heap/heap.h"
#include "span/units.h"
#include "span/unmapped.h"

enum {
    SLABS_PER_HOLE = 8, /* 128 KiB from hole to hole */
    HOLES_MAX = 512,    /* half of those that large blocks may have, and a small part of the mappings of a process */
};

/* True when addresses are plentiful. Where what is mapped counts, free memory is to go back in large pieces. */
static HARDENED_TEXT bool may_leave(void) {
    return !load_relaxed(heaps.reuses_at_once) && load_relaxed(unmapped_kept_units) == UNMAPPED_KEPT_UNITS &&
           load_relaxed(units.unmapped_extents) < HOLES_MAX;
}

HARDENED_TEXT void hole_leave(void) {
    static uint32_t slabs; /* atomic; a count that is lost does no harm */
    debug_check(hardened() && !lock_is_mine(&units.lock));
    if (!may_leave()) return;
    uint32_t count = load_relaxed(slabs) + 1;
    store_relaxed(slabs, count);
    struct unit *unit = count % SLABS_PER_HOLE == 0 ? units_take(1, UNIT_LEAVING) : NULL;
    if (!unit) return;
    unmapped_free(unit);
    units_give(unit);
}
