/* Giving all free memory back now. */
/* SPDX-License-Identifier: MIT */
#include "heap/trim.h"
#include "heap/clock.h"
#include "heap/flush.h"
#include "heap/idle_slabs.h"
#include "heap/quarantine.h"
#include "heap/steal.h"
#include "span/medium_purge.h"
#include "span/purge.h"
#include "span/units.h"

bool heap_trim(struct heap *heap) {
    debug_check(!lock_is_mine(&heaps.lock) && !lock_is_mine(&medium.lock) && !lock_is_mine(&units.lock));
    uint32_t now = (uint32_t)clock_now_ms();
    store_relaxed(units.now_ms, now);
    if (heap) {
        quarantine_flush(heap);
        heap_flush_bins(heap);
        heap_flush(heap);
        for (uint32_t class = 1; class < CLASS_COUNT; ++class) idle_slabs_current(heap, class);
        idle_slabs_partial(heap, 0, UINT32_MAX);
    }
    steal_all(heap);
    idle_slabs_abandoned(0, load_relaxed(units.used_units));
    medium_purge(0, UINT32_MAX);
    return purge_before(now + 1, UINT32_MAX) > 0;
}
