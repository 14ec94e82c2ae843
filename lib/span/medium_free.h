/* Level 2's free blocks: merged with their neighbours at once, cut for callers, and given to level 1 where whole units
 * are free. With the lock held. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/medium_list.h"

enum {
    SHED_UNITS_MIN = HEAPALLOC_BOUNDED ? 1 : 16,                         /* a free returns runs of at least this */
    KEEP_GRANULES = HEAPALLOC_BOUNDED ? 0 : 1024 * 1024 / GRANULE_BYTES, /* and only while this much stays free */
};

/* Level 2, by an address that stays in a register; the compiler would compute it again for each field. */
INLINE struct medium *medium_level(void) {
    struct medium *level = &medium;
    __asm__("" : "+r"(level));
    return level;
}

/* [ left ][ this, `*own` ][ right ] => [ -- one free block, `*own` -- ], entered; returns its slot. */
INLINE struct granule *medium_merge_at(struct medium *level, struct granule *slot, uint32_t *own, uint32_t flags) {
    debug_check(lock_is_mine(&level->lock));
    debug_check(*own > 0 && granule_state(slot) != GRANULE_FREE);
    uint32_t count = *own, before = slot->before, dirty = 0, merged = 0;
    struct granule *right = slot + count, *left = slot - before;
    uint32_t head = load_relaxed(right->head); /* used blocks' heads change without the lock */
    guarded_add(level->free_granules, count);
    store_relaxed(slot->head, 0);
    if (likely(head >> GRANULE_STATE_SHIFT == GRANULE_FREE >> GRANULE_STATE_SHIFT)) {
        uint32_t more = head & GRANULE_COUNT_MASK;
        flags &= head;
        count += more;
        dirty = unlist(level, right, head, more);
        merged = 1;
    }
    head = load_relaxed(left->head); /* 0, of this very slot, when there is nothing to the left */
    if (likely((head & (GRANULE_STATE_MASK | GRANULE_COUNT_MASK)) == (GRANULE_FREE | before))) {
        flags &= head;
        count += before;
        dirty += unlist(level, left, head, before);
        merged++;
        slot = left;
    }
    count_free(level, 1 - merged);
    flags &= FREE_FLAGS;
    describe(slot, count, GRANULE_FREE | flags);
    bool listed = likely(count >= LISTED_MIN);
    guarded_add(level->dirty_granules, (flags == 0 && listed ? count : 0) - dirty);
    if (listed) tlsf_put(flags ? &level->purged : &level->dirty, node_of(slot), count);
    *own = count;
    return slot;
}

/* True when a merged block is large enough to return units, if enough else stays free. */
INLINE bool medium_is_wide(uint32_t count) {
    return count >= SHED_UNITS_MIN * GRANULES_PER_UNIT;
}

/* Make `count` granules from `slot` on free, and merge them with their neighbours; returns the free block. */
struct granule *medium_merge(struct granule *slot, uint32_t count, uint32_t flags);

/* Make a free block a used one of `count` granules from `skip` on; what is left on both sides is free again. */
struct granule *medium_cut(struct granule *slot, uint32_t skip, uint32_t count);

/* Cut the whole units out of a free block for level 1, except as many at its end as keep `keep` granules free: when
 * blocks are freed in order, all free memory is one block. NULL: there are fewer than `units_min`. */
struct unit *medium_cut_units(struct granule *slot, uint32_t units_min, uint32_t keep);

/* Merge deferred blocks, give the lock, then give units to level 1, `leaving` (or NULL) first: locks of both levels are
 * never held together. */
void medium_drain(struct unit *leaving);

/* Give the lock, then what the wide free block at `slot` has for level 1. */
void medium_give_units(struct granule *slot);
