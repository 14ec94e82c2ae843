/* The ownership word of a slab: who may touch its plain fields, and the blocks that others have freed into it.
 *
 *   cccccccccccccccccc hhhhhhhhhhhh L O       O owned: some heap has the plain fields
 *                                             L listed: nobody has them; the slab waits in the orphans' list
 *                                             h first remote block, offset / 16 + 1; 0: none
 *                                             c how many remote blocks
 *
 *   owned (O) --unown, when full--> 0 (no owner, no list) --a free claims--> owned
 *   owned (O) --orphan, when its thread ends--> listed (L) --adopt, or a free claims--> owned
 *
 * The bits move by compare-and-swap on the word that carries the blocks, so no block can be pushed to a slab
 * that nobody has without its pusher noticing: it has the slab then. `unit.owner` only mirrors O for the fast path:
 * it equals a heap only between that heap's own claim and its own unown, so a stale look never says "mine".
 * Modelled in tests/model. A full slab has no owner: memory does not wait for an idle thread to look at it.
 *
 *   owned: current or waiting in its heap; listed: in the orphans' list; neither: full
 *   owned, but by nobody: strays among the orphans                                          verify: slab_owners */
#pragma once
#include "base/memory.h"
#include "slab/block.h"
#include "span/unit.h"

enum {
    REMOTE_OWNED = 1,
    REMOTE_LISTED = 2,
    REMOTE_HEAD_SHIFT = 2,
    REMOTE_HEAD_MASK = 0xfff << REMOTE_HEAD_SHIFT,
    REMOTE_COUNT_SHIFT = 14,
    REMOTE_COUNT_ONE = 1 << REMOTE_COUNT_SHIFT,
};

enum owner_push { OWNER_PUSHED, OWNER_CLAIMED, OWNER_CLAIMED_LISTED };

/* Blocks the word carries. */
INLINE uint32_t remote_count(uint32_t word) { return word >> REMOTE_COUNT_SHIFT; }

/* Push a block that somebody else than the owner frees. OWNER_CLAIMED: the slab had no owner and is the caller's
 * now; it must set unit.owner and call owner_collect(). `claim_listed`: the caller holds the orphans' lock and
 * takes a listed slab too (OWNER_CLAIMED_LISTED: and must unlink it); otherwise the block just waits in one. */
enum owner_push owner_push(struct unit *slab, struct block *block, uintptr_t secret, bool claim_listed);

/* Take the remote blocks of a slab one owns into its free list; how many. */
uint32_t owner_collect(struct unit *slab, uintptr_t secret);

/* Give up a slab with nothing to hand out; false: a free came in between, it stays the caller's. */
bool owner_leave_full(struct unit *slab);

/* Give up a slab to the orphans' list, whose lock the caller holds. False: there are remote blocks, collect first;
 * `with_remote`: never mind, they go along. */
bool owner_leave_listed(struct unit *slab, bool with_remote);

/* Take a slab from the orphans' list, whose lock the caller holds. */
void owner_adopt(struct unit *slab);
