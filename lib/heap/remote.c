/* Frees into slabs that the heap does not own. */
/* SPDX-License-Identifier: MIT */
#include "heap/remote.h"
#include "heap/abandon.h"
#include "heap/abandoned.h"
#include "heap/bin.h"
#include "heap/empty.h"
#include "heap/free_check.h"
#include "heap/pace.h"
#include "heap/partial.h"
#include "heap/recover.h"
#include "heap/refill.h"
#include "heap/sample.h"

/* True when another heap wants slabs of the class, and this one shares some or has no need of those that it claims. */
INLINE bool should_share(const struct heap *heap, uint32_t class) {
    const struct size_class *of = &heap->classes[class];
    return refill_others_want(heap, class) && (of->exchanges || policy_only_claims(of));
}

/* Make a claimed slab a partial one. A heap that only frees, or has no need of what it claims while another one wants
 * slabs, keeps only a few: others free into them too, and it would hardly ever find out that they are empty. */
INLINE void keep_claimed(struct heap *heap, struct unit *slab) {
    debug_check(slab->owner == heap && heap->state == HEAP_LIVE);
    uint32_t class = slab->class;
    struct size_class *of = &heap->classes[class];
    partial_append(heap, class, slab);
    if (likely(of->partial.count <= CLAIMED_SLABS_MAX)) return;
    if (of->current && !should_share(heap, class)) return;
    abandon_partial(heap, class, CLAIMED_SLABS_MAX + 1 - CLAIMED_SLABS_MIN);
}

/* In the bounded build: collect a few of the remote blocks, and keep an empty slab, whose blocks are looked at later.
 */
static void take_in_bounded(struct unit *slab, struct heap *heap) {
    debug_check(slab->owner == heap && !(slab->flags & UNIT_PARTIAL));
    if (slab->free == BLOCK_END)
        owner_collect_alone(slab);
    else
        owner_collect_some(slab, heap->secret);
    if (slab->used_blocks == 0) {
        partial_add(heap, slab);
        heap_slab_empty(slab, heap);
        return;
    }
    keep_claimed(heap, slab);
    pace_slow(heap);
}

/* Take in a slab that had no owner and is the caller's now; without a heap it is abandoned again. */
static void take_in(struct unit *slab, struct heap *heap) {
    debug_check(!(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED)));
    if (!heap) {
        abandon_slab(slab);
        return;
    }
    store_relaxed(slab->owner, heap);
    if (config_bounded) return take_in_bounded(slab, heap);
    owner_collect(slab, heap->secret);
    keep_claimed(heap, slab);
    if (slab->used_blocks == 0) heap_slab_empty(slab, heap);
    pace_slow(heap);
}

/* True when freeing one more block leaves the abandoned slab with this word empty. Only a guess if the slab was taken
 * meanwhile. */
NO_TSAN static bool is_last_of(const struct unit *slab, uint32_t word) {
    return remote_count(word) + 1 >= *(const volatile uint16_t *)&slab->used_blocks;
}

/* True when the heap allocates from this class. A heap that only frees leaves abandoned slabs where they are: a claim
 * would take the lock, and giving the slab up would take it again. */
INLINE bool allocates(const struct heap *heap, const struct unit *slab) {
    return heap && heap->classes[slab->class].current;
}

/* Free a block whose slab may belong to a heap that a fork left behind. True: it did, and the block is free. */
static bool free_left_behind(struct block *block, struct heap *heap, struct unit *slab) {
    debug_check(load_relaxed(heaps.has_lost_threads));
    if (recover_push(slab, block)) return true;
    if (!recover_slab(slab, heap)) return false;
    block_link(block, slab->free, heap_secret());
    slab->free = block;
    slab->used_blocks--;
    if (!heap) {
        abandon_slab(slab);
        recover_end();
    } else if (slab->used_blocks == 0) {
        heap_slab_empty(slab, heap);
    }
    return true;
}

/* Free a block whatever state its slab is in, and however often that changes meanwhile. */
static NOINLINE void free_by_steps(struct block *block, struct heap *heap, struct unit *slab) {
    debug_check(span_unit(block) == slab && !(config_safety && block_is_free(block, heap_secret())));
    if (unlikely(heaps.left_by_fork) && free_left_behind(block, heap, slab)) return;
    struct lock *lock = &abandoned[slab->class].lock;
    uint32_t word = load_relaxed(slab->remote);
    bool locked = word & REMOTE_LISTED &&
                  (is_last_of(slab, word) ? lock_take_soon(lock) : allocates(heap, slab) && lock_try(lock));
    enum owner_push push = owner_push(slab, block, heap_secret(), locked);
    if (push == OWNER_CLAIMED_LISTED) abandoned_unlink(slab);
    if (locked) lock_give(lock);
    if (push != OWNER_PUSHED) take_in(slab, heap);
}

/* Claim a full slab without an owner for this heap, and free the block into it. */
STARTUP_TEXT static NOINLINE void remote_claim(struct block *block, struct heap *heap, struct unit *slab) {
    debug_check(span_unit(block) == slab && heap->state == HEAP_LIVE);
    if (unlikely(!owner_claim_full(slab))) return free_by_steps(block, heap, slab);
    struct size_class *of = &heap->classes[slab->class];
    if (slab->last_owner != heap && of->taken_slabs < UINT8_MAX) of->taken_slabs++;
    store_relaxed(slab->owner, heap);
    block_link(block, BLOCK_END, heap->secret);
    slab->free = block;
    slab->used_blocks--;
    pace_slow(heap);
    keep_claimed(heap, slab);
}

/* Push a block to a slab that another heap owns, or that is abandoned and stays so. */
INLINE void remote_push(struct block *block, struct heap *heap, struct unit *slab, uint32_t seen) {
    if (likely(cas(slab->remote, &seen, remote_link(seen, block, heap->secret)))) return;
    block_clear(block); /* it is in no list yet, and must not look free */
    free_by_steps(block, heap, slab);
}

/* Push the first block since the owner collected. This counts as a slow path, because a thread may do nothing else, and
 * has to tick for what is free elsewhere. */
static NOINLINE void remote_push_first(struct block *block, struct heap *heap, struct unit *slab) {
    debug_check(heap->state == HEAP_LIVE);
    heap->pushed_slabs++;
    remote_push(block, heap, slab, REMOTE_OWNED);
    pace_slow(heap);
}

/* Adopt a block that the heap is about to need. */
STARTUP_TEXT static NOINLINE void remote_adopt(struct block *block, struct heap *heap, struct unit *slab,
                                               uint32_t seen) {
    debug_check(heap->classes[slab->class].adopt_budget > 0);
    if (seen & REMOTE_OWNED) heap->classes[slab->class].remote_frees++;
    if (unlikely(!heap_adopt(heap, slab->class, block))) free_by_steps(block, heap, slab);
}

void remote_free_without_heap(struct block *block, struct unit *slab) {
    debug_check(heap_self->state != HEAP_LIVE);
    free_by_steps(block, NULL, slab);
}

/* Free a block of a slab with purged pages or sampled blocks, or one whose second word looks like a key by chance. */
static NOINLINE void free_odd(struct block *block, struct heap *heap, struct unit *slab) {
    free_check_slab("free", block, slab);
    if (load_relaxed(slab->start_limit) == 0) sample_freed(block);
    free_by_steps(block, heap, slab);
}

STARTUP_TEXT void remote_free(struct block *block, struct heap *heap, struct unit *slab) {
    debug_check(span_unit(block) == slab && load_relaxed(slab->owner) != heap);
    uint32_t seen = load_relaxed(slab->remote);
    if (config_safety && unlikely(!slab_is_start(slab, block) || block_may_be_free(block)))
        return free_odd(block, heap, slab);
    if (heap->classes[slab->class].adopt_budget > 0) return remote_adopt(block, heap, slab, seen);
    if (unlikely(heaps.left_by_fork > 0)) return free_by_steps(block, heap, slab);
    if (likely(seen & REMOTE_OWNED)) {
        heap->classes[slab->class].remote_frees++;
        return unlikely(seen == REMOTE_OWNED) ? remote_push_first(block, heap, slab)
                                              : remote_push(block, heap, slab, seen);
    }
    if (!(seen & REMOTE_LISTED)) return remote_claim(block, heap, slab);
    if (allocates(heap, slab) || is_last_of(slab, seen)) return free_by_steps(block, heap, slab);
    heap->pushed_slabs += remote_count(seen) == 0;
    remote_push(block, heap, slab, seen);
}
