/* The ownership word of a slab: who may touch its plain fields, and the blocks that others have freed into it.
 *
 *   cccccccccccccccccc oooooooooo 00 L O      O owned: some heap has the plain fields
 *                                             L listed: nobody has them; the slab waits in the abandoned list
 *                                             o offset of the first remote block, a multiple of 16
 *                                             c how many remote blocks
 *
 *   owned (O) --leave_full--> 0 (no owner, no list) --a free claims--> owned
 *   owned (O) --leave_listed--> listed (L) --reclaim, or a free claims--> owned
 *
 * The bits change by compare-and-swap on the word that carries the blocks, so a thread that pushes a block to a slab
 * without an owner notices: then it owns the slab. `unit.owner` only mirrors O for the fast path: it equals a heap only
 * between that heap's own claim and its own leave, so a stale read never says "mine".
 * Modelled in tests/model. A full slab has no owner: memory does not wait for an idle thread to look at it.
 *
 *   owned: current or partial in its heap; listed: in the abandoned list; neither: full
 *   O, but owner NULL: pending for the abandoned list                              verify: slab_owners */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/alone.h"
#include "base/check.h"
#include "base/memory.h"
#include "slab/block.h"
#include "span/unit.h"

enum {
    REMOTE_OWNED = 1,
    REMOTE_LISTED = 2,
    REMOTE_OFFSET_MASK = UNIT_BYTES - BLOCK_ALIGN_BYTES,
    REMOTE_COUNT_SHIFT = UNIT_SHIFT,
    REMOTE_COUNT_ONE = 1 << REMOTE_COUNT_SHIFT,
};

enum owner_claim { OWNER_CLAIMS_FULL, OWNER_CLAIMS_LISTED };
enum owner_push { OWNER_PUSHED, OWNER_CLAIMED, OWNER_CLAIMED_LISTED };

/* Blocks the word carries. */
INLINE uint32_t remote_count(uint32_t word) {
    return word >> REMOTE_COUNT_SHIFT;
}

/* Link `block` before the word's first one; returns the word that carries it. */
INLINE uint32_t remote_link(uint32_t word, struct block *block, uintptr_t secret) {
    uint32_t change = ((uint32_t)(uintptr_t)block ^ word) & REMOTE_OFFSET_MASK;
    debug_check(((uintptr_t)block & (BLOCK_ALIGN_BYTES - 1)) == 0);
    struct block *first = (struct block *)((uintptr_t)block ^ change);
    block_link(block, remote_count(word) > 0 ? first : BLOCK_END, secret);
    return (word ^ change) + REMOTE_COUNT_ONE;
}

/* Push a block that is freed by another thread than the owner's. OWNER_CLAIMED: the slab had no owner and is the
 * caller's now; it must set unit.owner and call owner_collect(). OWNER_CLAIMS_LISTED: the caller holds the abandoned
 * list's lock and claims a listed slab too (OWNER_CLAIMED_LISTED: and must unlink it); else the block waits in it. */
enum owner_push owner_push(struct unit *slab, struct block *block, uintptr_t secret, enum owner_claim claim);

/* Claim a full slab that nobody owns; false: it is not one any more. The claimer then sets unit.owner. */
INLINE bool owner_claim_full(struct unit *slab) {
    uint32_t seen = 0;
    return cas_alone(slab->remote, &seen, REMOTE_OWNED);
}

/* Take the remote blocks of an owned slab into its free list; returns how many. In one step where that list is empty
 * and no page is purged: each block's key is checked when it is handed out. */
uint32_t owner_collect(struct unit *slab, uintptr_t secret);

/* The same in a bounded time, where no page is purged: all of them into an empty free list, or a few before others. */
uint32_t owner_collect_alone(struct unit *slab);
uint32_t owner_collect_some(struct unit *slab, uintptr_t secret);

/* Give up an owned slab that has no free blocks; false: a free came in between, and it stays the caller's. */
INLINE bool owner_leave_full(struct unit *slab) {
    debug_check(load_relaxed(slab->remote) & REMOTE_OWNED);
    debug_check(slab->kind == UNIT_SLAB && !(slab->flags & (UNIT_ATTACHED | UNIT_PARTIAL)));
    struct heap *owner = slab->owner;
    uint32_t seen = REMOTE_OWNED;
    if (!config_bounded) slab->last_owner = owner;
    store_relaxed(slab->owner, NULL);
    if (likely(cas_alone(slab->remote, &seen, 0))) return true;
    store_relaxed(slab->owner, owner);
    return false;
}

/* Give up a slab to the abandoned list, whose lock the caller holds. False: there are remote blocks, collect first.
 * OWNER_WITH_REMOTE: they stay with the slab. */
enum owner_leave { OWNER_WITHOUT_REMOTE, OWNER_WITH_REMOTE };
bool owner_leave_listed(struct unit *slab, enum owner_leave how);

/* Take a slab from the abandoned list, whose lock the caller holds. */
void owner_reclaim(struct unit *slab);
