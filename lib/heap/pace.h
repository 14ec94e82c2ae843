/* When the heap looks at the clock: each slow path counts down, and who was called from outside ticks at its end when
 * the count has run out (heap/tick.h). So nothing moves under a slow path, and none of them calls the tick. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/policy.h"

INLINE bool pace_is_due(const struct heap *heap) {
    return unlikely(heap->slow_left <= 0);
}

/* Every slow path of a live heap says so. */
INLINE void pace_slow(struct heap *heap) {
    heap->slow_left--;
}

/* The same for one that comes after a run of fast ones: there may not be another soon. */
INLINE void pace_run(struct heap *heap) {
    heap->slow_left = heap->purge_pending ? 0 : heap->slow_left - 1;
}

/* The same for one that has given memory back: when much waits to be purged, one of the next looks at the clock,
 * because there may be few after that. */
void pace_given(struct heap *heap);

/* More than `much_units` are free and dirty, beyond what level 2 keeps. */
bool pace_is_much_dirty(uint32_t much_units);

/* Free and dirty granules that level 2 keeps for its next requests (heap/policy.h). */
uint32_t pace_granules_kept(void);
