/* Huge pages, for what is dense and old in a large heap.
 *
 * A heap of a GiB gains from fewer address translations, but a huge page behind what uses a corner of it makes 2 MiB
 * resident. So nothing is advised when the heap grows; a hand goes over the home span and has 2 MiB made one huge page
 * where all of it lies in slabs that are carved to their ends: those are touched as a whole. Whether larger blocks are
 * is not known here, and there is no call to ask that every sandbox allows. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/span.h"

enum { HUGE_SHIFT = 21, HUGE_UNITS = (1 << HUGE_SHIFT) / UNIT_BYTES };

/* Range `range` of the home span, counted in 2 MiB, has become one huge page: purging takes care not to split it for
 * little. */
void huge_note(size_t range);

/* Look at a few ranges, make some of them huge pages. `quarter` passes with time, and lets more be done. */
void huge_step(uint32_t quarter);

/* These pages stand in a huge page of which so little is free that to take them, and so split it, is not worth it. */
bool huge_spares(const void *at, size_t bytes);
