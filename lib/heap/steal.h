/* Taking what other heaps' caches keep: a thread that sleeps cannot give it back.
 *
 * A list of cached blocks belongs to whoever takes its first block's place by compare-and-swap, a recent block to
 * whoever takes the pointer to it. A thief takes whole lists, puts nothing there, and says how much it was in `stolen`;
 * the owner puts that into its sum at its next slow path, and starts anew. In the fast build lists are their owner's
 * alone, and recent blocks are taken. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Give back what is cached by heaps whose threads have not looked at the clock for a decay time; once a quarter of it.
 */
void steal_idle(const struct heap *self, uint32_t now_ms, uint32_t quarter);

/* The same by all heaps but this one (or NULL). */
void steal_all(const struct heap *self);
