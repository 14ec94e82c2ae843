/* Free blocks of level 2: how they enter their index and leave it. Under the medium lock. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "base/memory.h"
#include "span/medium_index.h"

enum {
    LISTED_MIN = MEDIUM_GRANULES_MIN, /* smaller free blocks fit no request and only wait to be merged */
    FREE_FLAGS = GRANULE_ZERO | GRANULE_PURGED,
};

INLINE struct tlsf_node *node_of(struct granule *slot) {
    return (struct tlsf_node *)(slot + 1);
}
INLINE struct granule *medium_slot_of(struct tlsf_node *node) {
    return (struct granule *)node - 1;
}
_Static_assert(sizeof(struct tlsf_node) == 2 * sizeof(struct granule), "a node takes two slots");

INLINE void describe(struct granule *slot, uint32_t count, uint32_t state) {
    store_relaxed(slot->head, count | state);
    slot[count].before = count;
}

/* The index that a listed free block is in, by its flags. */
INLINE struct tlsf *index_of(uint32_t flags) {
    return flags & (GRANULE_PURGED | GRANULE_ZERO) ? &medium.purged : &medium.dirty;
}

/* Make [slot, slot + count) a free block with `flags` (ZERO, PURGED), and list it if it is large enough. The caller
 * updates the sums. */
INLINE void list(struct granule *slot, uint32_t count, uint32_t flags) {
    debug_check(lock_is_mine(&medium.lock));
    debug_check(count > 0 && !(flags & ~(uint32_t)FREE_FLAGS));
    describe(slot, count, GRANULE_FREE | flags);
    if (count >= LISTED_MIN) tlsf_put(index_of(flags), node_of(slot), count);
}

/* How many granules of a free block of `count` count as dirty. */
INLINE uint32_t dirty_part(uint32_t count, uint32_t flags) {
    return count >= LISTED_MIN && index_of(flags) == &medium.dirty ? count : 0;
}

/* Count free blocks for who asks how many there are, which nobody does in the bounded build's worlds; its paths have no
 * instruction to spare. */
INLINE void count_free(struct medium *level, uint32_t more) {
    if (!config_bounded) guarded_add(level->free_blocks, more);
}

static inline void medium_enter(struct granule *slot, uint32_t count, uint32_t flags) {
    guarded_add(medium.free_granules, count);
    count_free(&medium, 1);
    guarded_add(medium.dirty_granules, dirty_part(count, flags));
    list(slot, count, flags);
}

/* Undo list() for a block with this head: its slots are empty again. Returns how many granules were dirty. */
INLINE uint32_t unlist(struct medium *level, struct granule *slot, uint32_t head, uint32_t count) {
    debug_check(lock_is_mine(&level->lock));
    debug_check((head & GRANULE_STATE_MASK) == GRANULE_FREE && (head & GRANULE_COUNT_MASK) == count);
    debug_check(slot[count].before == count);
    bool dirty = !(head & (GRANULE_PURGED | GRANULE_ZERO));
    slot->head = 0;
    if (unlikely(count < LISTED_MIN)) return 0;
    tlsf_drop(dirty ? &level->dirty : &level->purged, node_of(slot));
    slot[1] = slot[2] = (struct granule){0, 0};
    return dirty ? count : 0;
}

static inline void medium_leave(struct granule *slot) {
    uint32_t count = granule_count(slot);
    debug_check(medium.free_granules >= count);
    guarded_add(medium.free_granules, -count);
    count_free(&medium, -1u);
    guarded_add(medium.dirty_granules, -unlist(&medium, slot, slot->head, count));
}

/* The closest list whose first block is known to have at least `count` granules; 0: there is none. */
INLINE size_t list_for(const struct tlsf *index, struct tlsf_lists lists, uint32_t count) {
    struct tlsf_node *node = *tlsf_head(index, lists.exact);
    if (node && granule_count(medium_slot_of(node)) >= count) return lists.exact;
    return tlsf_next_list(index, lists.enough);
}

/* Granules to leave out at a free block's start so that what follows is aligned. */
INLINE uint32_t skip_for(const struct granule *slot, uint32_t align_granules) {
    uintptr_t at = (uintptr_t)span_slot_memory(span_of_slot(slot), slot) >> GRANULE_SHIFT;
    return (uint32_t)(round_up(at, align_granules) - at);
}
