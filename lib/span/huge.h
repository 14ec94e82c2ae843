/* Huge pages, for what is dense and old in a large heap.
 *
 * A heap of a GiB gains from fewer TLB misses, but a huge page of which only a corner is used makes 2 MiB resident. So
 * nothing is advised when the heap grows; a sweep over the home span (the hand) collapses 2 MiB into one huge page
 * where all of it lies in slabs that are carved to their ends: every page of those was touched. Whether larger blocks
 * were touched is not known here, and no system call that every sandbox allows can tell. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/span.h"

enum { HUGE_SHIFT = 21, HUGE_UNITS = (1 << HUGE_SHIFT) / UNIT_BYTES };

/* Note that range `range` of the home span, counted in 2 MiB, became one huge page: purging will not split it for
 * little. */
void huge_note(size_t range);

/* Look at a few ranges and make some of them huge pages. `quarter` is the time: each new one allows some more. */
void huge_step(uint32_t quarter);

/* True when these pages lie in a huge page of which too little is free for splitting it. */
bool huge_spares(const void *at, size_t bytes);
