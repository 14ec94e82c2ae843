/* Giving all free memory back now. */
/* SPDX-License-Identifier: MIT */
#include "heap/trim.h"
#include "heap/clock.h"
#include "heap/quarantine.h"
#include "heap/spill.h"
#include "heap/steal.h"
#include "heap/tidy.h"
#include "span/purge.h"
#include "span/units.h"

bool heap_trim(struct heap *heap) {
    debug_check(!lock_is_mine(&heaps.lock) && !lock_is_mine(&medium.lock) && !lock_is_mine(&units.lock));
    uint32_t now = (uint32_t)clock_now_ms();
    store_relaxed(units.now_ms, now);
    if (heap) {
        quarantine_flush(heap);
        heap_spill(heap);
        heap_flush(heap);
        for (uint32_t class = 1; class < CLASS_COUNT; class ++) tidy_current(heap, class);
        tidy_partial(heap, 0, UINT32_MAX);
    }
    steal_all(heap);
    tidy_abandoned(0, load_relaxed(units.used_units));
    medium_purge(0, UINT32_MAX);
    return purge_before(now + 1, UINT32_MAX) > 0;
}
