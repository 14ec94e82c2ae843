/* Which blocks the profiler surely does not know. */
/* SPDX-License-Identifier: MIT */
#include "profile_filter.h"
#include "profile_lock.h"

struct profile_filter profile_filter;

static void add(uint32_t *count, int change) {
    __atomic_store_n(count, *count + (uint32_t)change, __ATOMIC_RELAXED);
}

void profile_filter_count(const void *p, int change) {
    debug_check(profile_is_locked());
    add(&profile_filter.blocks[profile_filter_hash((uintptr_t)p >> 4)], change);
    add(&profile_filter.units[profile_filter_hash((uintptr_t)p / UNIT_BYTES)], change);
}
