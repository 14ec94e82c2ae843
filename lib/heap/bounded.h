/* What the bounded build does when a bin is empty or a level has nothing: each call does a few steps, none twice.
 *
 *   1 the current slab    2 a partial slab    3 an abandoned one    4 a new one, perhaps after a step of scavenging
 *   5 a block of a larger class or of level 2
 *
 * Elsewhere a request that fails tries again after a trim. Here what it needs is asked for first, so that the ways to
 * serve it exclude each other, and the bound of a call is that of the longest, not the sum (docs/decisions/220). */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Serve a request by `class`, whose bin is empty: at a multiple of `align`, which the class has too. The last resort
 * may do without unless that is BOUNDED_ALIGNED. NULL: no memory. */
enum bounded_align { BOUNDED_IF_POSSIBLE, BOUNDED_ALIGNED };
void *bounded_refill(struct heap *heap, uint32_t class, uint32_t align, enum bounded_align how);

/* True when level 1 has `count` units, or may have after a step of scavenging. */
bool bounded_has_units(struct heap *heap, uint32_t count);
