/* Level 2's free blocks. */
/* SPDX-License-Identifier: MIT */
#include "span/medium_free.h"
#include "base/memory.h"
#include "span/units_free.h"

enum {
    SPLIT_UNITS_MIN = (4 << 20) / UNIT_BYTES, /* if that is in the block itself: two halves hold less than one */
    DEFERRED_MAX = 8,
};

struct medium medium = {.lock = LOCK_OF(RANK_MEDIUM)};

NOINLINE STARTUP_TEXT struct granule *medium_merge(struct granule *slot, uint32_t count, uint32_t flags) {
    return medium_merge_at(medium_level(), slot, &count, flags);
}

/* [ free block ] => [ free ][ units for level 1 ][ free ] */
STARTUP_TEXT struct unit *medium_cut_units(struct granule *slot, uint32_t units_min, uint32_t keep) {
    debug_check(lock_is_mine(&medium.lock));
    debug_check(units_min > 0 && granule_state(slot) == GRANULE_FREE);
    struct span *span = span_of_slot(slot);
    uint32_t count = granule_count(slot), flags = slot->head & FREE_FLAGS;
    uint32_t first = (uint32_t)(slot - span->slots);
    uint32_t from = (uint32_t)round_up(first, GRANULES_PER_UNIT);
    uint32_t to = (uint32_t)round_down(first + count, GRANULES_PER_UNIT);
    if (to > from && medium.free_granules < keep + (to - from)) {
        to = (uint32_t)round_down(from + max_size(medium.free_granules, keep) - keep, GRANULES_PER_UNIT);
        units_min = SPLIT_UNITS_MIN;
    }
    if (to < from + units_min * GRANULES_PER_UNIT) return NULL;
    medium_leave(slot);
    if (from > first) medium_enter(slot, from - first, flags);
    if (first + count > to) {
        struct granule *tail = span->slots + to;
        medium_enter(tail, first + count - to, flags);
        tail->before = 0; /* what was to the left is level 1's now */
    }
    struct unit *head = span->lines + from / GRANULES_PER_UNIT;
    uint32_t unit_count = (to - from) / GRANULES_PER_UNIT;
    for (uint32_t i = 0; i < unit_count; i++) store_relaxed(head[i].kind, UNIT_INSIDE);
    head->memory = span->base + ((size_t)from << GRANULE_SHIFT);
    head->count = unit_count;
    head->flags = flags & GRANULE_ZERO ? UNIT_CLEAN : 0;
    guarded_add(medium.used_units, -unit_count);
    return head;
}

STARTUP_TEXT NOINLINE void medium_drain(struct unit *leaving) {
    debug_check(lock_is_mine(&medium.lock));
    struct unit *more[DEFERRED_MAX];
    int more_count = 0;
    for (int i = 0; i < DEFERRED_MAX; i++) {
        struct granule *slot = load_acquire(medium.deferred);
        if (!slot) break;
        if (!cas(medium.deferred, &slot, (struct granule *)node_of(slot)->next)) continue;
        slot[1] = slot[2] = (struct granule){0, 0};
        slot = medium_merge(slot, granule_count(slot), 0);
        struct unit *unit =
            medium_is_wide(granule_count(slot)) ? medium_cut_units(slot, SHED_UNITS_MIN, KEEP_GRANULES) : NULL;
        if (unit) more[more_count++] = unit;
    }
    lock_give(&medium.lock);
    if (leaving) units_give(leaving);
    while (more_count > 0) units_give(more[--more_count]);
}

STARTUP_TEXT void medium_unlock(void) {
    debug_check(lock_is_mine(&medium.lock));
    if (unlikely(load_relaxed(medium.deferred))) return medium_drain(NULL);
    lock_give(&medium.lock);
}

STARTUP_TEXT struct granule *medium_cut(struct granule *slot, uint32_t skip, uint32_t count) {
    debug_check(lock_is_mine(&medium.lock));
    debug_check(granule_state(slot) == GRANULE_FREE && skip + count <= granule_count(slot));
    uint32_t have = granule_count(slot), flags = slot->head & FREE_FLAGS;
    medium_leave(slot);
    if (skip > 0) medium_enter(slot, skip, flags);
    slot += skip;
    describe(slot, count, GRANULE_USED | (flags & GRANULE_ZERO));
    if (have > skip + count) medium_enter(slot + count, have - skip - count, flags);
    return slot;
}

STARTUP_TEXT NOINLINE void medium_give_units(struct granule *slot) {
    struct unit *leaving = medium_cut_units(slot, SHED_UNITS_MIN, KEEP_GRANULES);
    if (unlikely(load_relaxed(medium.deferred))) return medium_drain(leaving);
    lock_give(&medium.lock);
    if (leaving) units_give(leaving);
}
