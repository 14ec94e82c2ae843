/* Memory for a heap that grows, before it is touched.
 *
 * A program that grows touches new memory once, front to back, and pays a page fault for each 4 KiB. Where a heap has
 * grown steadily, the next 2 MiB become one huge page when their first unit is taken: one fault, and fewer TLB misses
 * afterwards. Nothing is advised, so the kernel does not refill what is purged later. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/huge.h"
#include "span/units.h"

/* From this size on a heap may be prefaulted: the unused half of 2 MiB, on average, is a 32nd of it. */
enum { PREFAULT_FROM_UNITS = 32 * 1024 * 1024 / UNIT_BYTES };

/* The slow part of prefault_pass(): a range begins in `unit`, which is the caller's and not touched yet. */
void prefault_range(struct unit *unit, uint32_t count);

/* Prefault the range that begins in `count` units, if one does: the caller has taken them for small blocks and touches
 * them from the front. The home span begins at a multiple of 2 MiB. */
INLINE void prefault_pass(struct unit *unit, uint32_t count) {
    if (config_bounded) return;                                                /* no unit is clean */
    size_t ahead = (0 - ((uintptr_t)unit->memory >> UNIT_SHIFT)) % HUGE_UNITS; /* units before the next range begins */
    if (unlikely(ahead < count) && unit->flags & UNIT_CLEAN && load_relaxed(units.used_units) >= PREFAULT_FROM_UNITS)
        prefault_range(unit, count);
}
