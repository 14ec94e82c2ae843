/* When the heap looks at the clock: each slow path counts down, and at 0 the entry function ticks at its end.
 * No slow path calls the tick itself (heap/tick.h), so nothing changes under it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/policy.h"

INLINE bool pace_is_due(const struct heap *heap) {
    return !config_bounded && unlikely(heap->slow_left <= 0);
}

/* Count a slow path of a live heap. */
INLINE void pace_slow(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    heap->slow_left--;
}

/* The same for one after a run of fast paths: there may not be another soon. */
INLINE void pace_run(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    heap->slow_left = heap->purge_pending ? 0 : heap->slow_left - 1;
}

/* The same for one that has given memory back: when much waits to be purged, the clock is looked at soon, because few
 * slow paths may follow. */
void pace_given(struct heap *heap);

/* True when more than `much_units` are free and dirty, beyond what level 2 keeps. */
bool pace_is_much_dirty(uint32_t much_units);

/* Free and dirty granules that level 2 keeps for its next requests (heap/policy.h). */
uint32_t pace_granules_kept(void);
