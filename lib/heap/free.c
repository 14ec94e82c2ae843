/* Freeing beyond the fast path: other threads' slabs, medium and large blocks, and everything that is wrong. */
/* SPDX-License-Identifier: MIT */
#include "heap/free.h"
#include "base/alone.h"
#include "base/check.h"
#include "heap/abandoned.h"
#include "heap/cache.h"
#include "heap/fast.h"
#include "heap/fork.h"
#include "heap/tick.h"
#include "heap/valgrind.h"
#include "span/purge.h"
#include "span/units.h"
#include <heapalloc/port.h>

/* A pointer that no span holds. */
static _Noreturn COLD void foreign(const char *function, const void *p) {
    check_misuse(function, p, port_on_stack(p) ? "is on a stack" : "is not ours");
}

/* A pointer into a unit that is the head of nothing: look to the left for what it lies in. */
static _Noreturn COLD void inside(const char *function, const void *p, struct unit *unit) {
    const struct unit *head = unit;
    while (head->kind == UNIT_INSIDE || head->kind == UNIT_FREE_LAST) head--;
    if (head->kind == UNIT_LARGE && head + head->count > unit)
        check_interior(function, p, head->memory, (size_t)head->count << UNIT_SHIFT);
    if ((head->kind == UNIT_FREE || head->kind == UNIT_LEAVING) && head + head->count > unit)
        check_misuse(function, p, "is already free");
    check_misuse(function, p, "is not ours");
}

void free_bad_medium(const char *function, const void *p) {
    const struct span *span = span_of(p);
    const struct granule *slot = span_slot(span, p);
    while (granule_state(slot) == GRANULE_NONE && slot > span->slots) slot--;
    if (granule_state(slot) != GRANULE_USED) check_misuse(function, p, "is already free");
    check_interior(function, p, span_slot_memory(span, slot), (size_t)granule_count(slot) << GRANULE_SHIFT);
}

void free_bad_block(const char *function, const void *p, struct unit *slab) {
    char *block = slab_block_around(slab, p);
    if (slab_is_purged(slab_purged_pages(slab), (uintptr_t)block & (UNIT_BYTES - 1)))
        check_misuse(function, p, "is already free");
    if (!slab_is_block(slab, block)) check_misuse(function, p, "is not ours");
    if (block_is_free((struct block *)block, heap_secret())) check_misuse(function, p, "is already free");
    check_interior(function, p, block, slab->block_bytes);
}

void free_bad_unit(const char *function, const void *p) {
    struct unit *unit = span_unit(p);
    if (!unit) foreign(function, p);
    uint8_t kind = racy_load(unit->kind);
    if (kind == UNIT_FREE || kind == UNIT_LEAVING) check_misuse(function, p, "is already free");
    if (kind == UNIT_POOL) check_misuse(function, p, "belongs to a pool");
    if (kind == UNIT_ARENA) check_misuse(function, p, "belongs to an arena");
    if (kind == UNIT_INSIDE || kind == UNIT_FREE_LAST) inside(function, p, unit);
    check_misuse(function, p, "is not ours");
}

enum { FREED_SLABS_MAX = 3, FREED_SLABS_MIN = 1 };

/* A claimed slab waits. What a thread claims that only frees, or while another one wants slabs, it does not keep:
 * others free into those slabs too, and it would hardly ever look whether they are empty. */
INLINE void wait_in(struct heap *heap, struct unit *slab) {
    struct slab_queue *queue = &heap->partial[slab->class];
    heap_partial_add(heap, slab);
    if (likely(queue->count <= FREED_SLABS_MAX)) return;
    if (heap->current[slab->class] && !refill_is_wanted(heap, slab->class)) return;
    heap_disown_partial(heap, slab->class, FREED_SLABS_MAX + 1 - FREED_SLABS_MIN);
}

/* The slab had no owner and is the caller's now: `heap` takes it in, or it waits for a heap that does. */
static void take_in(struct unit *slab, struct heap *heap) {
    if (!heap) {
        heap_disown(slab);
        return;
    }
    racy_store(slab->owner, heap);
    owner_collect(slab, heap->secret);
    wait_in(heap, slab);
    if (slab->used_blocks == 0) heap_slab_empty(slab, heap);
    heap_count_slow(heap);
}

/* The slab whose word this is waits among the abandoned slabs, and when one more block is freed, none is in use. A
 * guess where it has been taken since. */
UNWATCHED static bool is_last_of(const struct unit *slab, uint32_t word) {
    return remote_count(word) + 1 >= *(const volatile uint16_t *)&slab->used_blocks;
}

/* The heap has a use for slabs of this class. Who only frees leaves them where they are: each claim would cost a turn
 * at the lock, and another to give it up again. */
INLINE bool allocates(const struct heap *heap, const struct unit *slab) {
    return heap && heap->current[slab->class];
}

static NOINLINE void free_elsewhere(struct unit *slab, struct block *block, struct heap *heap) {
    if (unlikely(heaps.left_by_fork) && fork_push(slab, block)) return;
    if (unlikely(heaps.left_by_fork) && fork_salvage(slab, heap)) {
        block_link(block, slab->free, heap_secret());
        slab->free = block;
        slab->used_blocks--;
        if (!heap) {
            heap_disown(slab);
            fork_salvage_end();
        } else if (slab->used_blocks == 0)
            heap_slab_empty(slab, heap);
        return;
    }
    struct lock *lock = &abandoned[slab->class].lock;
    uint32_t word = load_relaxed(slab->remote);
    bool locked = word & REMOTE_LISTED &&
                  (is_last_of(slab, word) ? lock_take_soon(lock) : allocates(heap, slab) && lock_try(lock));
    enum owner_push push = owner_push(slab, block, heap_secret(), locked);
    if (push == OWNER_CLAIMED_LISTED) abandoned_unlink(slab);
    if (locked) lock_give(lock);
    if (push != OWNER_PUSHED)
        take_in(slab, heap);
    else if (heap)
        heap_count_slow(heap);
}

void heap_free_last(struct block *block, struct heap *heap, struct unit *slab) {
    heap_list(block, slab, heap);
    heap_slab_empty(slab, heap);
}

static void free_slab(void *p, struct unit *slab, struct heap *heap) {
    free_check_slab("free", p, slab);
    if (racy_load(slab->owner) != heap || !heap) {
        free_elsewhere(slab, p, heap);
        return;
    }
    heap_free_own(p, slab, heap); /* in a further span, or one that looked like a free one */
}

static void free_medium(char *p, struct heap *heap) {
    struct granule *slot = free_check_medium("free", p);
    uint32_t count = granule_count(slot), seen = load_relaxed(slot->head);
    bool keeps = heap && count > CACHE_GRANULES_MAX && count <= heap->recent_units * GRANULES_PER_UNIT &&
                 span_of(p) == &span_home;
    if (unlikely(!cas_alone(slot->head, &seen, count | GRANULE_CACHED))) check_misuse("free", p, "is already free");
    if (keeps) {
        struct granule *last = take_recent(heap->recent_medium);
        store_release(heap->recent_medium, slot);
        slot = last;
    }
    if (slot) medium_give(slot);
    if (!heap) return;
    if (count <= CACHE_GRANULES_MAX && count > heap->cache_room) heap->cache_refused = count;
    heap_count_given(heap);
}

static void free_large(void *p, struct unit *unit, struct heap *heap) {
    free_check_large("free", p, unit);
    uint8_t seen = UNIT_LARGE;
    if (unlikely(!cas_alone(unit->kind, &seen, UNIT_LEAVING))) check_misuse("free", p, "is already free");
    unit->flags &= UNIT_MOVED;
    if (heap && unit->count <= heap->recent_units) {
        struct unit *last = take_recent(heap->recent_large);
        store_release(heap->recent_large, unit);
        unit = last;
    }
    if (unit) {
        units_give(unit);
        purge_excess();
    }
    if (heap) heap_count_given(heap);
}

static NOINLINE void free_checked(void *p, struct heap *heap) {
    struct unit *unit = free_check_unit("free", p);
    if (unlikely(heap->state != HEAP_LIVE)) heap = heap_for_thread();
    switch (racy_load(unit->kind)) {
    case UNIT_SLAB: free_slab(p, unit, heap); break;
    case UNIT_MEDIUM: free_medium(p, heap); break;
    default: free_large(p, unit, heap); break;
    }
}

STARTUP_TEXT void heap_free_slow(void *p, struct heap *heap) {
    if (config_valgrind && valgrind_is_due()) return valgrind_free(p);
    if (p != NULL) free_checked(p, heap);
}

/* What programs do all the time, in short. Each is for one kind of unit, and leaves to free_checked() what is not so
 * simple: nothing was done then, and the pointer is looked at again from the start. */
static NOINLINE void free_other_large(void *p, struct heap *heap, struct unit *unit) {
    if (unlikely(!cache_keep_large(heap, unit, p))) free_checked(p, heap);
}

/* The slab is full, and nobody's; now it becomes this heap's. */
static NOINLINE void free_claim(struct block *block, struct heap *heap, struct unit *slab) {
    if (unlikely(!owner_claim_full(slab))) return free_checked(block, heap);
    racy_store(slab->owner, heap);
    block_link(block, BLOCK_END, heap->secret);
    slab->free = block;
    slab->used_blocks--;
    wait_in(heap, slab);
    heap->slow_left--;
}

/* There is room for an adopted block. */
static NOINLINE void free_adopt(struct block *block, struct heap *heap, struct unit *slab, uint32_t seen) {
    if (seen & REMOTE_OWNED) heap->remote_frees[slab->class]++;
    if (unlikely(!heap_adopt(heap, slab->class, block))) free_checked(block, heap);
}

/* The slab waits among the abandoned slabs and stays there, or another heap owns it. */
static NOINLINE void free_remote(struct block *block, struct heap *heap, struct unit *slab, uint32_t seen) {
    if (likely(cas(slab->remote, &seen, remote_link(seen, block, heap->secret)))) return;
    block_clear(block); /* it has no place yet, and must not look free */
    free_checked(block, heap);
}

/* The first block since the owner looked. Such frees are slow paths, for a thread may do nothing else: then time would
 * not pass for what is free elsewhere. */
static NOINLINE void free_remote_first(struct block *block, struct heap *heap, struct unit *slab, uint32_t seen) {
    free_remote(block, heap, slab, seen);
    heap_count_slow(heap);
}

/* Another heap owns the slab. */
static NOINLINE void free_remote_owned(struct block *block, struct heap *heap, struct unit *slab, uint32_t seen) {
    heap->remote_frees[slab->class]++;
    if (unlikely(seen == REMOTE_OWNED)) return free_remote_first(block, heap, slab, seen);
    if (likely(cas(slab->remote, &seen, remote_link(seen, block, heap->secret)))) return;
    block_clear(block);
    free_checked(block, heap);
}

/* A thread without a heap has no slow path left before its next tick, and so is not simple. */
static NOINLINE void free_other_slab(struct block *block, struct heap *heap, struct unit *slab) {
    uint32_t seen = load_relaxed(slab->remote);
    if (config_safety && unlikely(!slab_is_start(slab, block) || block_may_be_free(block)))
        return free_checked(block, heap);
    if (heap->adopt_budget[slab->class] > 0) return free_adopt(block, heap, slab, seen);
    if (unlikely(heap->slow_left <= 1 || heaps.left_by_fork > 0)) return free_checked(block, heap);
    if (likely(seen & REMOTE_OWNED)) return free_remote_owned(block, heap, slab, seen);
    if (seen & REMOTE_LISTED && !allocates(heap, slab) && !is_last_of(slab, seen))
        return free_remote(block, heap, slab, seen);
    free_claim(block, heap, slab);
}

static NOINLINE void free_other_medium(void *p, struct heap *heap) {
    if (unlikely(!cache_keep_medium(heap, p))) free_checked(p, heap);
}
static NOINLINE void free_medium_shared(void *p, struct heap *heap) {
    if (unlikely(!cache_push(heap, p, true))) free_other_medium(p, heap);
}

STARTUP_TEXT void heap_free_other(void *p, struct heap *heap, struct unit *unit) {
    if (likely(racy_load(unit->kind) == UNIT_MEDIUM)) {
        if (cache_is_shared()) return free_medium_shared(p, heap);
        if (likely(cache_push(heap, p, false))) return;
        return free_other_medium(p, heap);
    }
    switch (racy_load(unit->kind)) {
    case UNIT_SLAB: return free_other_slab(p, heap, unit);
    case UNIT_LARGE: return free_other_large(p, heap, unit);
    default: return free_checked(p, heap);
    }
}

size_t heap_usable_slow(const void *p) {
    if (config_valgrind) return valgrind_usable(p);
    if (p == NULL) return 0;
    struct unit *unit = free_check_unit("malloc_usable_size", p);
    if (unit->kind == UNIT_SLAB) {
        free_check_slab("malloc_usable_size", p, unit);
        return unit->block_bytes;
    }
    if (unit->kind == UNIT_MEDIUM)
        return (size_t)granule_count(free_check_medium("malloc_usable_size", p)) << GRANULE_SHIFT;
    free_check_large("malloc_usable_size", p, unit);
    return (size_t)unit->count << UNIT_SHIFT;
}
