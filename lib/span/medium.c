/* Level 2: blocks of 512-byte granules. */
/* SPDX-License-Identifier: MIT */
#include "span/medium.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/medium_list.h"
#include "span/prefault.h"
#include "span/units.h"

enum {
    RUN_UNITS = 64, /* taken from level 1 at a time at most; an eighth of what level 2 has; bounded: none to spare */
    RUN_UNITS_FIRST = 16,
    SHED_UNITS_MIN = HEAPALLOC_BOUNDED ? 1 : 16,                         /* a free returns runs of at least this */
    KEEP_GRANULES = HEAPALLOC_BOUNDED ? 0 : 1024 * 1024 / GRANULE_BYTES, /* and only while this much stays free */
    SPLIT_UNITS_MIN = (4 << 20) / UNIT_BYTES, /* if that is in the block itself: two halves hold less than one */
    DEFERRED_MAX = 8,
};

struct medium medium = {.lock = LOCK_OF(RANK_MEDIUM)};

/* Level 2, by an address that stays in a register; the compiler would compute it again for each field. */
INLINE struct medium *here(void) {
    struct medium *level = &medium;
    __asm__("" : "+r"(level));
    return level;
}

/* [ left ][ this, `*own` ][ right ] => [ -- one free block, `*own` -- ], entered; returns its slot. */
INLINE struct granule *medium_merge_at(struct medium *level, struct granule *slot, uint32_t *own, uint32_t flags) {
    debug_check(lock_is_mine(&level->lock));
    debug_check(*own > 0 && granule_state(slot) != GRANULE_FREE);
    uint32_t count = *own, before = slot->before, dirty = 0;
    struct granule *right = slot + count, *left = slot - before;
    uint32_t head = load_relaxed(right->head); /* used blocks' heads change without the lock */
    guarded_add(level->free_granules, count);
    store_relaxed(slot->head, 0);
    if (likely(head >> GRANULE_STATE_SHIFT == GRANULE_FREE >> GRANULE_STATE_SHIFT)) {
        uint32_t more = head & GRANULE_COUNT_MASK;
        flags &= head;
        count += more;
        dirty = unlist(level, right, head, more);
    }
    head = load_relaxed(left->head); /* 0, of this very slot, when there is nothing to the left */
    if (likely((head & (GRANULE_STATE_MASK | GRANULE_COUNT_MASK)) == (GRANULE_FREE | before))) {
        flags &= head;
        count += before;
        dirty += unlist(level, left, head, before);
        slot = left;
    }
    flags &= FREE_FLAGS;
    describe(slot, count, GRANULE_FREE | flags);
    bool listed = likely(count >= LISTED_MIN);
    guarded_add(level->dirty_granules, (flags == 0 && listed ? count : 0) - dirty);
    if (listed) tlsf_put(flags ? &level->purged : &level->dirty, node_of(slot), count);
    *own = count;
    return slot;
}

NOINLINE STARTUP_TEXT struct granule *medium_merge(struct granule *slot, uint32_t count, uint32_t flags) {
    return medium_merge_at(here(), slot, &count, flags);
}

/* [ free block ] => [ free ][ units for level 1 ][ free ] */
struct unit *medium_cut_units(struct granule *slot, uint32_t units_min, uint32_t keep) {
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

/* True when a merged block is large enough to return units, if enough else stays free. */
INLINE bool is_wide(uint32_t count) {
    return count >= SHED_UNITS_MIN * GRANULES_PER_UNIT;
}

NOINLINE void medium_drain(struct unit *leaving) {
    debug_check(lock_is_mine(&medium.lock));
    struct unit *more[DEFERRED_MAX];
    int more_count = 0;
    for (int i = 0; i < DEFERRED_MAX; i++) {
        struct granule *slot = load_acquire(medium.deferred);
        if (!slot) break;
        if (!cas(medium.deferred, &slot, (struct granule *)node_of(slot)->next)) continue;
        slot[1] = slot[2] = (struct granule){0, 0};
        slot = medium_merge(slot, granule_count(slot), 0);
        struct unit *unit = is_wide(granule_count(slot)) ? medium_cut_units(slot, SHED_UNITS_MIN, KEEP_GRANULES) : NULL;
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
    struct granule *slot = slot_of(tlsf_pop(index, found));
    uint32_t head = slot->head, have = head & GRANULE_COUNT_MASK, rest = have - count;
    slot[1] = slot[2] = (struct granule){0, 0};
    describe(slot, count, GRANULE_USED | (head & GRANULE_ZERO));
    guarded_add(level->free_granules, -count);
    if (index == &level->dirty) guarded_add(level->dirty_granules, -(rest >= LISTED_MIN ? count : have));
    if (rest == 0) return slot;
    struct granule *right = slot + count;
    describe(right, rest, GRANULE_FREE | (head & FREE_FLAGS));
    if (rest >= LISTED_MIN) tlsf_put(index, node_of(right), rest);
    return slot;
}

static struct granule *find(uint32_t count) {
    debug_check(lock_is_mine(&medium.lock));
    struct tlsf_lists lists = tlsf_lists(count);
    size_t found = list_for(&medium.dirty, lists, count);
    if (found) return slot_of(*tlsf_head(&medium.dirty, found));
    found = list_for(&medium.purged, lists, count);
    return found ? slot_of(*tlsf_head(&medium.purged, found)) : NULL;
}

struct granule *medium_take_found(uint32_t count) {
    if (!config_bounded || !lock_take(&medium.lock)) return NULL;
    struct granule *slot = medium_take_locked(here(), count);
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
    struct medium *level = here();
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

struct granule *medium_take_roomy(uint32_t count) {
    if (!lock_take(&medium.lock)) return NULL;
    struct tlsf_node *dirty = tlsf_largest(&medium.dirty), *purged = tlsf_largest(&medium.purged);
    struct tlsf_node *node = dirty;
    if (purged && (!dirty || granule_count(slot_of(purged)) > granule_count(slot_of(dirty)))) node = purged;
    struct granule *slot = node && granule_count(slot_of(node)) >= count ? medium_cut(slot_of(node), 0, count) : NULL;
    medium_unlock();
    return slot ? slot : medium_take(count, 1);
}

/* Leave the block to the holder of the lock. */
static NOINLINE void medium_defer(struct granule *slot) {
    debug_check(granule_state(slot) != GRANULE_FREE && granule_count(slot) >= MEDIUM_GRANULES_MIN);
    store_relaxed(slot->head, (slot->head & ~(uint32_t)GRANULE_STATE_MASK) | GRANULE_DEFERRED);
    struct granule *seen = load_relaxed(medium.deferred);
    do node_of(slot)->next = (struct tlsf_node *)seen;
    while (!cas(medium.deferred, &seen, slot));
}

/* Give the lock, then what the block has for level 1. */
static NOINLINE void shed(struct granule *slot) {
    struct unit *leaving = medium_cut_units(slot, SHED_UNITS_MIN, KEEP_GRANULES);
    if (unlikely(load_relaxed(medium.deferred))) return medium_drain(leaving);
    lock_give(&medium.lock);
    if (leaving) units_give(leaving);
}

static NOINLINE void give_slow(struct granule *slot) {
    if (!lock_spin(&medium.lock)) return medium_defer(slot);
    slot = medium_merge(slot, granule_count(slot), 0);
    if (is_wide(granule_count(slot))) return shed(slot);
    medium_unlock();
}

void medium_give(struct granule *slot) {
    debug_check(granule_state(slot) != GRANULE_FREE && granule_count(slot) > 0);
    struct medium *level = here();
    if (unlikely(!lock_try(&level->lock))) return give_slow(slot);
    uint32_t count = granule_count(slot);
    slot = medium_merge_at(level, slot, &count, 0);
    if (unlikely(is_wide(count))) return shed(slot);
    if (unlikely(load_relaxed(level->deferred))) return medium_drain(NULL);
    lock_give(&level->lock);
}

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
    if (config_bounded && done && granule_state(rest) == GRANULE_FREE && is_wide(granule_count(rest)))
        shed(rest);
    else
        medium_unlock();
    return done;
}
