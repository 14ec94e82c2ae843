/* Taking what other heaps' caches keep: a thread that sleeps cannot give it back.
 *
 * A list of cached blocks belongs to the thread that swaps its first pointer, a recent block to the one that swaps the
 * pointer to it. Stealing takes whole lists, puts nothing there, and adds their size to `stolen`; the owner accounts
 * for that at its next slow path, and starts again. In the fast build only recent blocks are stolen. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Give back what is cached by heaps whose threads have not looked at the clock for a decay time; once per quarter. */
void steal_idle(const struct heap *self, uint32_t now_ms, uint32_t quarter);

/* The same for all heaps but this one (or NULL). */
void steal_all(const struct heap *self);
