/* Which blocks the profiler surely does not know. */
/* SPDX-License-Identifier: MIT */
#include "profile_filter.h"
#include "heap/fast.h"
#include "profile_lock.h"

enum { FILTER_BITS = 14 };

static struct { uint32_t blocks[1 << FILTER_BITS], units[1 << FILTER_BITS]; } filter;

static size_t filter_hash(uintptr_t number) {
    return number * UINT64_C(0x9e3779b97f4a7c15) >> (64 - FILTER_BITS);
}

static uint32_t *filter_block(const void *p) {
    return &filter.blocks[filter_hash((uintptr_t)p >> 4)];
}

static uint32_t *filter_unit(const void *p) {
    return &filter.units[filter_hash((uintptr_t)p / UNIT_BYTES)];
}

void profile_filter_count(const void *p, int change) {
    debug_check(profile_is_locked());
    store_relaxed(*filter_block(p), *filter_block(p) + (uint32_t)change);
    store_relaxed(*filter_unit(p), *filter_unit(p) + (uint32_t)change);
}

bool profile_may_know(const void *p) {
    return load_relaxed(*filter_block(p)) > 0;
}

bool profile_may_know_near(const void *p) {
    return load_relaxed(*filter_unit(p)) > 0;
}
