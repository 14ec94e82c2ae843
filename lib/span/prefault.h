/* Memory for a heap that grows, before it is touched.
 *
 * A program that grows touches new memory once, front to back, and pays a page fault for each 4 KiB. Where a heap has
 * grown steadily, the next 2 MiB become one huge page when their first unit is taken: one fault, and fewer misses of
 * address translation afterwards. Nothing is advised, so what is purged later is not filled again behind our back. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/huge.h"
#include "span/units.h"

/* A heap of so many units may have a range ahead: 2 MiB, of which half is used on average, are a 32nd. */
enum { PREFAULT_FROM_UNITS = 32 * 1024 * 1024 / UNIT_BYTES };

/* What prefault_pass() does where a range begins in `unit`, the caller's and not touched yet. */
void prefault_range(struct unit *unit, uint32_t count);

/* The caller has taken `count` units for small blocks and touches them from the front. An address is a multiple of
 * 2 MiB where its place in the home span is. */
INLINE void prefault_pass(struct unit *unit, uint32_t count) {
    size_t ahead = (0 - ((uintptr_t)unit->memory >> UNIT_SHIFT)) % HUGE_UNITS; /* units before the next range begins */
    if (unlikely(ahead < count) && unit->flags & UNIT_CLEAN && load_relaxed(units.used_units) >= PREFAULT_FROM_UNITS)
        prefault_range(unit, count);
}
