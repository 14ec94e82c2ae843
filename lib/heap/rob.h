/* Taking what other heaps' caches keep: a thread that sleeps cannot give it back.
 *
 * A cached block belongs to whoever changes its slot from CACHED by compare-and-swap, a recent one to whoever takes the
 * pointer to it. So the lists of another heap are mere hints where such blocks are, and may be read while their owner works
 * with them: who has a block reads its link, and goes on with the next. Whoever takes one takes all behind it, so every cached
 * block stays within reach of somebody's list. The owner finds `robbed` set, or its first block gone, and starts anew. */
#pragma once
#include "heap/heap.h"

/* Give back what is cached by heaps whose threads have not looked at the clock for a decay time; once a quarter of it. */
void rob_idle(const struct heap *self, uint32_t now_ms, uint32_t quarter);

/* The same by all heaps but this one (or NULL). */
void rob_all(const struct heap *self);
