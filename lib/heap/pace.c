/* When the heap looks at the clock. */
/* SPDX-License-Identifier: MIT */
#include "heap/pace.h"
#include "span/purge.h"
#include "span/units.h"

STARTUP_TEXT uint32_t pace_granules_kept(void) {
    return load_relaxed(medium.used_units) * GRANULES_PER_UNIT / KEPT_PART + KEPT_GRANULES_MIN;
}

STARTUP_TEXT bool pace_is_much_dirty(uint32_t much_units) {
    uint32_t dirty = load_relaxed(medium.dirty_granules), kept = pace_granules_kept();
    uint32_t surplus = dirty > kept ? dirty - kept : 0;
    return load_relaxed(units.dirty_units) + surplus / GRANULES_PER_UNIT > much_units;
}

STARTUP_TEXT void pace_given(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    if (!config_bounded && purge_decay_ms != PURGE_NEVER && heap->slow_left > PACE_SLOW_PATHS_PURGING &&
        pace_is_much_dirty(PACE_PENDING_UNITS))
        heap->slow_left = PACE_SLOW_PATHS_PURGING;
    pace_slow(heap);
}
