/* Level 2: blocks of 512-byte granules. */
/* SPDX-License-Identifier: MIT */
#include "span/medium.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/medium_free.h"
#include "span/prefault.h"
#include "span/units.h"

enum {
    RUN_UNITS = 64, /* taken from level 1 at a time at most; an eighth of what level 2 has; bounded: none to spare */
    RUN_UNITS_FIRST = 16,
    ALIGNED_MIN = 2 * GRANULES_PER_UNIT, /* a block that grows, and so may become a large one where it is */
    SCATTERED_PART = 8, /* with more than that part of level 2 free, and 1 MiB, what is free comes first */
    SCATTERED_MIN = (1 << 20) / GRANULE_BYTES,
};

/* A block that grows begins at a unit's start if it is long. */
INLINE uint32_t roomy_align(uint32_t count) {
    return count < ALIGNED_MIN ? 1 : GRANULES_PER_UNIT;
}

/* Rare endings of a take, called in tail position. */
static NOINLINE struct granule *drain_with(struct granule *slot) {
    medium_drain(NULL);
    return slot;
}
static NOINLINE struct granule *wake_with(struct granule *slot) {
    lock_give_slow(&medium.lock);
    return slot;
}

/* Take a run of units from level 1 for `count` granules, and make it level 2's. Returns its head, with the lock taken,
 * so that nobody else is served from it first; NULL: no memory, and no lock. */
INLINE struct unit *take_run(uint32_t count) {
    uint32_t need = (count + GRANULES_PER_UNIT - 1) / GRANULES_PER_UNIT;
    uint32_t wish = load_relaxed(medium.used_units) / 8;
    wish = wish < RUN_UNITS_FIRST ? RUN_UNITS_FIRST : wish > RUN_UNITS ? RUN_UNITS : wish;
    struct unit *run =
        config_bounded ? units_take(need, UNIT_MEDIUM) : units_take_upto(need, need > wish ? need : wish, UNIT_MEDIUM);
    if (!run) return NULL;
    prefault_pass(run, run->count);
    uint32_t unit_count = run->count;
    for (uint32_t i = 0; i < unit_count; i++) {
        run[i].block_bytes = 0;
        run[i].owner = NULL;
        store_relaxed(run[i].kind, UNIT_MEDIUM);
    }
    if (!lock_take(&medium.lock)) {
        for (uint32_t i = 1; i < unit_count; i++) store_relaxed(run[i].kind, UNIT_INSIDE);
        units_give(run);
        return NULL;
    }
    guarded_add(medium.used_units, unit_count);
    return run;
}

/* Enter a new run as one free block, merged with what it touches. */
static NOINLINE STARTUP_TEXT struct granule *fetch_run(uint32_t count) {
    struct unit *run = take_run(count);
    if (!run) return NULL;
    uint32_t zero = run->flags & UNIT_CLEAN ? GRANULE_ZERO : 0;
    return medium_merge(span_slot(span_of(run->memory), run->memory), run->count * GRANULES_PER_UNIT, zero);
}

/* [ free ] => [ used, `count` ][ rest, free, as it was ] */
INLINE struct granule *medium_take_locked(struct medium *level, uint32_t count) {
    debug_check(lock_is_mine(&level->lock));
    struct tlsf *index = &level->dirty;
    struct tlsf_lists lists = tlsf_lists(count);
    size_t found = list_for(index, lists, count);
    if (!found) {
        index = &level->purged;
        found = list_for(index, lists, count);
        if (!found) return NULL;
    }
    struct granule *slot = medium_slot_of(tlsf_pop(index, found));
    uint32_t head = slot->head, have = head & GRANULE_COUNT_MASK, rest = have - count;
    slot[1] = slot[2] = (struct granule){0, 0};
    describe(slot, count, GRANULE_USED | (head & GRANULE_ZERO));
    guarded_add(level->free_granules, -count);
    if (index == &level->dirty) guarded_add(level->dirty_granules, -(rest >= LISTED_MIN ? count : have));
    if (rest == 0) {
        count_free(level, -1u);
        return slot;
    }
    struct granule *right = slot + count;
    describe(right, rest, GRANULE_FREE | (head & FREE_FLAGS));
    if (rest >= LISTED_MIN) tlsf_put(index, node_of(right), rest);
    return slot;
}

static struct granule *find(uint32_t count) {
    debug_check(lock_is_mine(&medium.lock));
    struct tlsf_lists lists = tlsf_lists(count);
    size_t found = list_for(&medium.dirty, lists, count);
    if (found) return medium_slot_of(*tlsf_head(&medium.dirty, found));
    found = list_for(&medium.purged, lists, count);
    return found ? medium_slot_of(*tlsf_head(&medium.purged, found)) : NULL;
}

struct granule *medium_take_found(uint32_t count) {
    if (!config_bounded || !lock_take(&medium.lock)) return NULL;
    struct granule *slot = medium_take_locked(medium_level(), count);
    medium_unlock();
    return slot;
}

/* [ run ] => [ used, `count` ][ rest, free, merged to the right ] */
struct granule *medium_take_new(uint32_t count) {
    struct unit *run = config_bounded ? take_run(count) : NULL;
    if (!run) return NULL;
    uint32_t rest = run->count * GRANULES_PER_UNIT - count;
    struct granule *slot = span_slot(span_of(run->memory), run->memory);
    describe(slot, count, GRANULE_USED);
    if (rest > 0) medium_merge(slot + count, rest, 0);
    medium_unlock();
    return slot;
}

NOINLINE STARTUP_TEXT struct granule *medium_take_slow(uint32_t count, uint32_t align_granules) {
    uint32_t least = count + align_granules - 1;
    if (!lock_take(&medium.lock)) return NULL;
    struct granule *slot = find(least);
    if (!slot) {
        medium_unlock();
        slot = fetch_run(least);
        if (!slot) return NULL;
    }
    slot = medium_cut(slot, skip_for(slot, align_granules), count);
    medium_unlock();
    return slot;
}

/* Rare work is called in tail position, so that the common path needs no stack frame. */
STARTUP_TEXT struct granule *medium_take_ready(uint32_t count) {
    struct medium *level = medium_level();
    debug_check(count >= MEDIUM_GRANULES_MIN);
    if (unlikely(!lock_try(&level->lock))) return NULL;
    struct granule *slot = medium_take_locked(level, count);
    if (unlikely(load_relaxed(level->deferred))) return drain_with(slot);
    return unlikely(lock_drop(&level->lock)) ? wake_with(slot) : slot;
}

STARTUP_TEXT struct granule *medium_take(uint32_t count, uint32_t align_granules) {
    struct granule *slot = align_granules == 1 ? medium_take_ready(count) : NULL;
    return likely(slot) ? slot : medium_take_slow(count, align_granules);
}

/* A block from the largest free one, so that it has room beside it. NULL: none is large enough. */
STARTUP_TEXT static struct granule *take_from_largest(uint32_t count) {
    debug_check(lock_is_mine(&medium.lock));
    struct tlsf_node *node = tlsf_largest(&medium.dirty), *purged = tlsf_largest(&medium.purged);
    if (purged && (!node || granule_count(medium_slot_of(purged)) > granule_count(medium_slot_of(node)))) node = purged;
    struct granule *slot = node ? medium_slot_of(node) : NULL;
    uint32_t skip = slot ? skip_for(slot, roomy_align(count)) : 0;
    return slot && granule_count(slot) >= skip + count ? medium_cut(slot, skip, count) : NULL;
}

STARTUP_TEXT struct granule *medium_take_roomy(uint32_t count) {
    if (!lock_take(&medium.lock)) return NULL;
    bool scattered = medium.free_granules > medium.used_units * GRANULES_PER_UNIT / SCATTERED_PART + SCATTERED_MIN;
    struct granule *slot = scattered ? NULL : take_from_largest(count);
    medium_unlock();
    return slot ? slot : medium_take(count, scattered ? 1 : roomy_align(count));
}

/* Leave the block to the holder of the lock. */
static NOINLINE void medium_defer(struct granule *slot) {
    debug_check(granule_state(slot) != GRANULE_FREE && granule_count(slot) >= MEDIUM_GRANULES_MIN);
    store_relaxed(slot->head, (slot->head & ~(uint32_t)GRANULE_STATE_MASK) | GRANULE_DEFERRED);
    struct granule *seen = load_relaxed(medium.deferred);
    do node_of(slot)->next = (struct tlsf_node *)seen;
    while (!cas(medium.deferred, &seen, slot));
}

static NOINLINE void give_slow(struct granule *slot) {
    if (!lock_spin(&medium.lock)) return medium_defer(slot);
    slot = medium_merge(slot, granule_count(slot), 0);
    if (medium_is_wide(granule_count(slot))) return medium_give_units(slot);
    medium_unlock();
}

STARTUP_TEXT void medium_give(struct granule *slot) {
    debug_check(granule_state(slot) != GRANULE_FREE && granule_count(slot) > 0);
    struct medium *level = medium_level();
    if (unlikely(!lock_try(&level->lock))) return give_slow(slot);
    uint32_t count = granule_count(slot);
    slot = medium_merge_at(level, slot, &count, 0);
    if (unlikely(medium_is_wide(count))) return medium_give_units(slot);
    if (unlikely(load_relaxed(level->deferred))) return medium_drain(NULL);
    lock_give(&level->lock);
}
