/* Level 2: a block becomes longer or shorter where it is. */
/* SPDX-License-Identifier: MIT */
#include "span/medium_resize.h"
#include "base/check.h"
#include "span/medium_free.h"

/* Grow: [ this ][ free ] => [ -- this -- ][ rest ].   Shrink: [ this ] => [ this ][ free, merged to the right ] */
static bool resize_locked(struct granule *slot, uint32_t count) {
    debug_check(lock_is_mine(&medium.lock));
    debug_check(granule_state(slot) == GRANULE_USED && count > 0);
    uint32_t have = granule_count(slot), own = slot->head & (GRANULE_STATE_MASK | GRANULE_ZERO);
    struct granule *right = slot + have;
    if (count > have) {
        uint32_t room = granule_state(right) == GRANULE_FREE ? granule_count(right) : 0;
        if (have + room < count) return false;
        uint32_t flags = right->head & FREE_FLAGS;
        medium_leave(right);
        describe(slot, count, own);
        if (have + room > count) medium_enter(slot + count, have + room - count, flags);
        return true;
    }
    describe(slot, count, own);
    struct granule *tail = slot + count;
    describe(tail, have - count, GRANULE_USED);
    medium_merge(tail, have - count, 0);
    return true;
}

bool medium_extend(struct granule *slot, uint32_t least, uint32_t wish) {
    if (!lock_take(&medium.lock)) return false;
    const struct granule *right = slot + granule_count(slot);
    uint32_t most = granule_count(slot) + (granule_state(right) == GRANULE_FREE ? granule_count(right) : 0);
    bool done = most >= least && resize_locked(slot, wish > least && most >= wish ? wish : least);
    medium_unlock();
    return done;
}

bool medium_resize(struct granule *slot, uint32_t count) {
    if (count == granule_count(slot)) return true;
    if (!lock_take(&medium.lock)) return false;
    bool done = resize_locked(slot, count);
    struct granule *rest = slot + count;
    if (config_bounded && done && granule_state(rest) == GRANULE_FREE && medium_is_wide(granule_count(rest)))
        medium_give_units(rest);
    else
        medium_unlock();
    return done;
}
