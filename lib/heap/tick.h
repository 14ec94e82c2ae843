/* What is done now and then: slow paths count down, a tick reads the clock, and old free memory goes back. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

enum { TICK_SLOW_PATHS = 16 };

void heap_tick(struct heap *heap);

/* Every slow path of a live heap says so. */
INLINE void heap_count_slow(struct heap *heap) {
    if (unlikely(--heap->slow_left == 0)) heap_tick(heap);
}

/* The same for one that comes after a run of fast ones: there may not be another soon. */
INLINE void heap_count_run(struct heap *heap) {
    if (heap->purge_pending) heap->slow_left = 1;
    heap_count_slow(heap);
}

/* Every slow path that has given memory back says so: when much waits to be purged, the next one looks at the clock,
 * because there may be few after that. */
void heap_count_given(struct heap *heap);

/* Give all free memory back now; true: some went. */
bool heap_trim(struct heap *heap);
