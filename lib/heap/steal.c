/* Taking what other heaps' caches keep. */
/* SPDX-License-Identifier: MIT */
#include "heap/steal.h"
#include "heap/cache.h"
#include "span/purge.h"
#include "span/units.h"

/* Steal from one heap. Under the heaps lock, so that a fork waits until the stealing thread has no block in hand. */
static void steal(struct heap *heap) {
    debug_check(lock_is_mine(&heaps.lock));
    struct unit *recent_large = swap_value(heap->recent_large, NULL);
    struct granule *recent_medium = swap_value(heap->recent_medium, NULL);
    if (recent_large) units_give(recent_large);
    if (recent_medium) medium_give(recent_medium);
    if (!config_safety || cache_sum(heap) == 0) return;
    uint32_t sum = 0;
    cache_return_grant(heap);
    for (uint32_t count = MEDIUM_GRANULES_MIN; count <= CACHE_GRANULES_MAX; count++)
        sum += cache_give_list(heap, count);
    __atomic_fetch_add(&heap->stolen, sum, __ATOMIC_RELAXED);
}

STARTUP_TEXT void steal_idle(const struct heap *self, uint32_t now_ms, uint32_t quarter) {
    debug_check(!lock_is_mine(&heaps.lock) && purge_decay_ms != PURGE_NEVER);
    if (load_relaxed(heaps.live) < 2 || !lock_try(&heaps.lock)) return;
    bool due = heaps.stolen_quarter != quarter;
    heaps.stolen_quarter = quarter;
    for (struct heap *heap = due ? load_acquire(heaps.all) : NULL; heap; heap = heap->next_all) {
        if (heap != self && load_relaxed(heap->state) == HEAP_LIVE &&
            now_ms - load_relaxed(heap->seen_ms) >= purge_decay_ms)
            steal(heap);
    }
    lock_give(&heaps.lock);
}

void steal_all(const struct heap *self) {
    debug_check(!lock_is_mine(&heaps.lock));
    if (load_relaxed(heaps.live) < 2 || !lock_take(&heaps.lock)) return;
    for (struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all)
        if (heap != self && load_relaxed(heap->state) == HEAP_LIVE) steal(heap);
    lock_give(&heaps.lock);
}
