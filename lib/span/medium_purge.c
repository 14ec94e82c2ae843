/* Level 2: what is free goes back to level 1, or to the world. */
/* SPDX-License-Identifier: MIT */
#include "span/medium_purge.h"
#include "base/memory.h"
#include "span/huge.h"
#include "span/medium_free.h"
#include "span/purge.h"
#include <heapalloc/port.h>

/* Mark a block as purged under the lock, in a world that takes no memory back: no other core sees it out of the index.
 */
static void call_purged(struct granule *slot) {
    debug_check(granule_state(slot) == GRANULE_FREE && !(slot->head & FREE_FLAGS));
    uint32_t count = granule_count(slot), flags = slot->head & FREE_FLAGS;
    medium_leave(slot);
    medium_enter(slot, count, flags | GRANULE_PURGED);
}

/* Purge the pages inside of a block, which is marked as used meanwhile, and give the block back. False: the world
 * refused, and the block is still marked as used. */
static bool purge_block(struct granule *slot) {
    debug_check(!lock_is_mine(&medium.lock)); /* it makes a system call */
    debug_check(granule_state(slot) != GRANULE_FREE);
    char *memory = span_slot_memory(span_of_slot(slot), slot);
    char *end = memory + ((size_t)granule_count(slot) << GRANULE_SHIFT);
    char *from = (char *)round_up((uintptr_t)memory, port_page_bytes());
    char *to = (char *)round_down((uintptr_t)end, port_page_bytes());
    if (from < to && (huge_spares(from, (size_t)(to - from)) || !port_purge(from, (size_t)(to - from)))) return false;
    if (!lock_take(&medium.lock)) {
        medium_give(slot); /* deferred: a fork is under way that may wait for a lock of our caller's */
        return true;
    }
    /* PURGED even without a whole page inside. With neighbours purged meanwhile it may complete a unit. */
    medium_drain(medium_cut_units(medium_merge(slot, granule_count(slot), GRANULE_PURGED), 1, 0));
    return true;
}

/* Give back the blocks that could not be purged: only now, so that none is tried twice. */
static void give_refused(struct granule *refused) {
    for (struct granule *slot, *next = refused; (slot = next);) {
        next = (struct granule *)node_of(slot)->next;
        slot[1] = slot[2] = (struct granule){0, 0};
        medium_give(slot);
    }
}

static bool purge_largest(uint32_t keep_granules, uint32_t blocks_max, struct granule **refused) {
    for (uint32_t i = 0; i < blocks_max && lock_take(&medium.lock); i++) {
        struct tlsf_node *node = tlsf_largest(&medium.dirty);
        if (!node || medium.dirty_granules <= keep_granules) {
            medium_unlock();
            return true;
        }
        struct granule *slot = medium_slot_of(node);
        struct unit *leaving = medium_cut_units(slot, 1, 0);
        bool purges = !leaving && purge_decay_ms != PURGE_NEVER;
        if (purges)
            medium_cut(slot, 0, granule_count(slot));
        else if (!leaving)
            call_purged(slot);
        medium_drain(leaving);
        if (!purges || purge_block(slot)) continue;
        node_of(slot)->next = (struct tlsf_node *)*refused;
        *refused = slot;
    }
    return false;
}

STARTUP_TEXT bool medium_purge(uint32_t keep_granules, uint32_t blocks_max) {
    struct granule *refused = NULL;
    bool done = purge_largest(keep_granules, blocks_max, &refused);
    give_refused(refused);
    return done;
}

STARTUP_TEXT bool medium_shed(void) {
    if (!lock_take(&medium.lock)) return false;
    struct tlsf_node *node = tlsf_largest(&medium.dirty);
    struct unit *leaving = node ? medium_cut_units(medium_slot_of(node), 1, 0) : NULL;
    medium_drain(leaving);
    return leaving != NULL;
}
