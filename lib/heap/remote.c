/* Frees into slabs that the heap does not own. */
/* SPDX-License-Identifier: MIT */
#include "heap/remote.h"
#include "heap/abandoned.h"
#include "heap/bin.h"
#include "heap/disown.h"
#include "heap/empty.h"
#include "heap/free_check.h"
#include "heap/pace.h"
#include "heap/partial.h"
#include "heap/refill.h"
#include "heap/salvage.h"
#include "heap/sample.h"

/* A claimed slab is a partial one. What a thread claims that only frees, or while another one wants slabs, it does not
 * keep: others free into those slabs too, and it would hardly ever look whether they are empty. */
INLINE void keep_claimed(struct heap *heap, struct unit *slab) {
    debug_check(slab->owner == heap && heap->state == HEAP_LIVE);
    partial_add(heap, slab);
    uint32_t class = slab->class;
    const struct size_class *of = &heap->classes[class];
    if (likely(of->partial.count <= CLAIMED_SLABS_MAX)) return;
    if (of->current && !refill_is_wanted(heap, class)) return;
    disown_partial(heap, class, CLAIMED_SLABS_MAX + 1 - CLAIMED_SLABS_MIN);
}

/* The slab had no owner and is the caller's now: `heap` takes it in, or it waits for a heap that does. */
static void take_in(struct unit *slab, struct heap *heap) {
    debug_check(!(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED)));
    if (!heap) {
        disown_slab(slab);
        return;
    }
    store_relaxed(slab->owner, heap);
    owner_collect(slab, heap->secret);
    keep_claimed(heap, slab);
    if (slab->used_blocks == 0) heap_slab_empty(slab, heap);
    pace_slow(heap);
}

/* The slab whose word this is waits among the abandoned slabs, and when one more block is freed, none is in use. A
 * guess where it has been taken since. */
UNWATCHED static bool is_last_of(const struct unit *slab, uint32_t word) {
    return remote_count(word) + 1 >= *(const volatile uint16_t *)&slab->used_blocks;
}

/* The heap has a use for slabs of this class. Who only frees leaves them where they are: each claim would cost a turn
 * at the lock, and another to give it up again. */
INLINE bool allocates(const struct heap *heap, const struct unit *slab) {
    return heap && heap->classes[slab->class].current;
}

/* The block's slab belongs to a heap that a fork left behind: true when the block is free now. */
static bool free_left_behind(struct block *block, struct heap *heap, struct unit *slab) {
    debug_check(load_relaxed(heaps.bereft));
    if (salvage_push(slab, block)) return true;
    if (!salvage_slab(slab, heap)) return false;
    block_link(block, slab->free, heap_secret());
    slab->free = block;
    slab->used_blocks--;
    if (!heap) {
        disown_slab(slab);
        salvage_end();
    } else if (slab->used_blocks == 0) {
        heap_slab_empty(slab, heap);
    }
    return true;
}

/* Whatever state the slab is in, and however often that changes meanwhile. */
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

/* The slab is full, and nobody's; now it becomes this heap's. */
static NOINLINE void remote_claim(struct block *block, struct heap *heap, struct unit *slab) {
    debug_check(span_unit(block) == slab && heap->state == HEAP_LIVE);
    if (unlikely(!owner_claim_full(slab))) return free_by_steps(block, heap, slab);
    store_relaxed(slab->owner, heap);
    block_link(block, BLOCK_END, heap->secret);
    slab->free = block;
    slab->used_blocks--;
    keep_claimed(heap, slab);
    pace_slow(heap);
}

/* Another heap owns the slab, or it waits among the abandoned slabs and stays there. */
INLINE void push(struct block *block, struct heap *heap, struct unit *slab, uint32_t seen) {
    if (likely(cas(slab->remote, &seen, remote_link(seen, block, heap->secret)))) return;
    block_clear(block); /* it has no place yet, and must not look free */
    free_by_steps(block, heap, slab);
}

/* The first block since the owner looked. Such frees are slow paths, for a thread may do nothing else: then time would
 * not pass for what is free elsewhere. */
static NOINLINE void push_first(struct block *block, struct heap *heap, struct unit *slab) {
    debug_check(heap->state == HEAP_LIVE);
    push(block, heap, slab, REMOTE_OWNED);
    pace_slow(heap);
}

/* What the heap is about to need stays here. */
static NOINLINE void remote_adopt(struct block *block, struct heap *heap, struct unit *slab, uint32_t seen) {
    debug_check(heap->classes[slab->class].adopt_budget > 0);
    if (seen & REMOTE_OWNED) heap->classes[slab->class].remote_frees++;
    if (unlikely(!heap_adopt(heap, slab->class, block))) free_by_steps(block, heap, slab);
}

void remote_free_without_heap(struct block *block, struct unit *slab) {
    debug_check(heap_self->state != HEAP_LIVE);
    free_by_steps(block, NULL, slab);
}

/* A block of a slab with purged pages or with blocks that a profiler knows, or one whose second word looks like a key
 * by chance. */
static NOINLINE void free_odd(struct block *block, struct heap *heap, struct unit *slab) {
    free_check_slab("free", block, slab);
    if (load_relaxed(slab->start_limit) == 0) sample_freed(block);
    free_by_steps(block, heap, slab);
}

void remote_free(struct block *block, struct heap *heap, struct unit *slab) {
    debug_check(span_unit(block) == slab && load_relaxed(slab->owner) != heap);
    uint32_t seen = load_relaxed(slab->remote);
    if (config_safety && unlikely(!slab_is_start(slab, block) || block_may_be_free(block)))
        return free_odd(block, heap, slab);
    if (heap->classes[slab->class].adopt_budget > 0) return remote_adopt(block, heap, slab, seen);
    if (unlikely(heaps.left_by_fork > 0)) return free_by_steps(block, heap, slab);
    if (likely(seen & REMOTE_OWNED)) {
        heap->classes[slab->class].remote_frees++;
        return unlikely(seen == REMOTE_OWNED) ? push_first(block, heap, slab) : push(block, heap, slab, seen);
    }
    if (!(seen & REMOTE_LISTED)) return remote_claim(block, heap, slab);
    if (allocates(heap, slab) || is_last_of(slab, seen)) return free_by_steps(block, heap, slab);
    push(block, heap, slab, seen);
}
