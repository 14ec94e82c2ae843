/* The tick, done now and then: the clock is read, and memory that has been free for long goes back. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/pace.h"

void heap_tick(struct heap *heap);

/* The same when it seems due; in a sampled heap it always does. */
void heap_tick_due(struct heap *heap);

/* Tick if it is due: the last step of every entry function that may have taken a slow path. */
INLINE void heap_tick_if_due(struct heap *heap) {
    if (pace_is_due(heap)) heap_tick_due(heap);
}

/* The same for one that returns `p`, in tail position, so that no register is saved for what is seldom due. */
void *heap_tick_passing(struct heap *heap, void *p);
INLINE void *heap_return(struct heap *heap, void *p) {
    return pace_is_due(heap) ? heap_tick_passing(heap, p) : p;
}
