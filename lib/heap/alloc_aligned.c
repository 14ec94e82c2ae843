/* Allocation of blocks aligned beyond their class. */
/* SPDX-License-Identifier: MIT */
#include "heap/alloc_aligned.h"
#include "base/probe.h"
#include "heap/alloc.h"
#include "heap/bounded.h"
#include "heap/cache.h"
#include "span/units.h"

/* An aligned medium block: level 2's, or in the bounded build, where level 2 may need more units than the block has,
 * one of level 1. NULL: there is neither. */
static void *medium_aligned(size_t size, uint32_t align_granules) {
    uint32_t count = (uint32_t)cache_granules(size);
    if (count < MEDIUM_GRANULES_MIN) count = MEDIUM_GRANULES_MIN;
    uint32_t units = (count + GRANULES_PER_UNIT - 1) / GRANULES_PER_UNIT;
    uint32_t most = (count + align_granules - 1 + GRANULES_PER_UNIT - 1) / GRANULES_PER_UNIT;
    if (config_bounded && !bounded_has_units(heap_self, most)) {
        struct unit *unit = units_have(units) ? units_take(units, UNIT_LARGE) : NULL;
        return unit ? unit->memory : NULL;
    }
    struct granule *slot = medium_take_slow(count, align_granules);
    return slot ? span_slot_memory(span_of_slot(slot), slot) : NULL;
}

void *alloc_wide_aligned(size_t size, size_t align) {
    debug_check(is_power_of_two(align) && align > GRANULE_BYTES);
    if (size <= MEDIUM_BYTES_MAX && align <= UNIT_BYTES) {
        void *p = medium_aligned(size, (uint32_t)(align >> GRANULE_SHIFT));
        if (p || config_bounded) return p;
    }
    if (alloc_never_fits(size) || alloc_never_fits(align)) return NULL;
    uint32_t count = (uint32_t)units_to_hold(size), align_units = (uint32_t)(align >> UNIT_SHIFT);
    count += count == 0;
    if (config_bounded && align_units > 1 && !bounded_has_units(heap_self, count + align_units - 1)) return NULL;
    struct unit *unit = units_take_aligned(count, align_units, UNIT_LARGE);
    if (!unit) return NULL;
    PROBE_2(large_alloc, unit->memory, size);
    return unit->memory;
}
