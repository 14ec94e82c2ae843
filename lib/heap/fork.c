/* fork. */
/* SPDX-License-Identifier: MIT */
#include "heap/fork.h"
#include "base/cpu.h"
#include "heap/abandoned.h"
#include "heap/cache.h"
#include "heap/exited_thread.h"
#include "heap/named.h"
#include "span/emergency.h"
#include "span/grow.h"
#include "span/units.h"

enum {
    SWEEP_LINES = 512, /* looked at by a slow path, */
    SWEEP_SLABS = 2,   /* taken by it: counting writes to all of a slab's pages, and the child gets copies of them */
    DRAINS_MAX = 1024,
};

static bool frozen;

/* The sweep: one thread at a time looks at the lost heaps' caches, one at a time, then at all lines once, some at a
 * time. */
static struct {
    bool taken;
    struct heap *heap; /* whose cache is looked at next */
    uint32_t place;    /* 0: the home span, else 1 + the place in span_list */
    uint32_t at;       /* unit of it that is looked at next */
} sweep;

/* The owner of a slab while its blocks are counted: lost, and so nobody's. */
static struct heap salvaging;
static uint32_t salvages; /* threads that are counting one; atomic */

/* The owner of a slab whose counting a further fork cut short. */
static struct heap unfinished;

/* The abandoned list's locks stand between them. While there is one heap, nobody else can be at those. */
static bool orphans_are_frozen;
static struct lock *const outer[] = {&named_lock, &exited_lock, &heaps.lock}, *const inner[] = {&medium.lock,
                                                                                                &grow_gate,
                                                                                                &units.lock};
enum { OUTER_LOCKS = sizeof(outer) / sizeof(outer[0]), INNER_LOCKS = sizeof(inner) / sizeof(inner[0]) };

void fork_prepare(void) {
    lock_fork_begin();
    if (load_relaxed(heaps.threaded)) emergency_open();
    for (int i = 0; i < OUTER_LOCKS; i++) lock_freeze(outer[i]);
    orphans_are_frozen = load_relaxed(heaps.threaded);
    if (orphans_are_frozen) abandoned_freeze();
    for (int i = 0; i < INNER_LOCKS; i++) lock_freeze(inner[i]);
    frozen = true;
}

/* What others gave meanwhile is taken in before anybody else may ask for it. */
static void thaw(void) {
    frozen = false;
    emergency_close();
    for (int i = INNER_LOCKS; i-- > 0;) lock_thaw(inner[i]);
    if (orphans_are_frozen) abandoned_thaw();
    for (int i = OUTER_LOCKS; i-- > 0;) lock_thaw(outer[i]);
    lock_fork_end();
    for (int i = 0; load_relaxed(medium.deferred) && i < DRAINS_MAX && medium_lock(); i++) medium_unlock();
}

void fork_parent(void) {
    if (frozen) thaw();
}

/* The cached blocks of a lost heap. Its lists may be torn; a block's own slot says whether it is cached. */
static void salvage_cache(struct heap *heap) {
    for (uint32_t count = MEDIUM_GRANULES_MIN; count <= CACHE_GRANULES_MAX; count++) {
        char *p = heap->cache[count];
        while (p && span_of(p) == &span_home) {
            struct granule *slot = span_slot(&span_home, p);
            if (slot->head != (count | GRANULE_CACHED)) break;
            p = *cache_link(slot);
            store_relaxed(*cache_link(slot), NULL);
            medium_give(slot);
        }
    }
    if (heap->recent_medium && granule_state(heap->recent_medium) == GRANULE_CACHED) medium_give(heap->recent_medium);
    if (heap->recent_large && heap->recent_large->kind == UNIT_LEAVING) units_give(heap->recent_large);
}

/* A thread that was counting a slab is not in this child: nobody would ever finish. Only where a child forks again. */
static void lose_salvaged(void) {
    for (uint32_t place = 0; place <= span_count; place++) {
        struct span *span = place == 0 ? &span_home : span_list[place - 1];
        for (uint32_t i = 0; span && i < span->top_units; i++)
            if (span->lines[i].owner == &salvaging) span->lines[i].owner = &unfinished;
    }
}

static void lose_heaps(void) {
    for (struct heap *heap = heaps.all; heap; heap = heap->next_all) {
        if (heap == heap_self || heap->state != HEAP_LIVE || exited_owns(heap)) continue;
        heap->state = HEAP_LEFT_BY_FORK;
        heaps.left_by_fork++;
        heaps.live--;
        cache_return_grant(heap);
    }
}

void fork_child(void) {
    if (!frozen) return;
    lock_thaw(&emergency_lock);
    thaw();
    salvaging.state = unfinished.state = HEAP_LEFT_BY_FORK;
    if (swap_value(salvages, 0) > 0) lose_salvaged();
    lose_heaps();
    if (heaps.left_by_fork == 0) return;
    heaps.bereft = heaps.single = true;
    sweep.taken = false;
    sweep.heap = heaps.all;
    sweep.place = sweep.at = 0;
    abandoned_list_pending();
    /* An adopted block has a key, and would count as free in the slab of a lost thread. */
    if (heap_self->state == HEAP_LIVE) heap_spill(heap_self);
}

/* Every block has a key: the slab can go as it is, and none of its pages is written to. */
static bool is_unused(const struct unit *slab) {
    const char *at = slab->memory, *end = at + (size_t)slab->carved_blocks * slab->block_bytes;
    while (at < end && block_is_free((const struct block *)at, heap_secret())) at += slab->block_bytes;
    return config_safety && at >= end && slab_purged_pages(slab) == 0;
}

/* Count the slab's free blocks by their keys; what another thread had in hand counts as used. */
static void recount(struct unit *slab) {
    const struct class_shape *shape = &class_shapes[slab->class];
    uint32_t purged = slab_purged_pages(slab), kept = slab->carved_blocks, used = 0;
    slab->free = BLOCK_END;
    for (uint32_t i = slab->carved_blocks; i-- > 0;) {
        struct block *block = (struct block *)(slab->memory + (size_t)i * shape->block_bytes);
        if (slab_is_purged(purged, (uintptr_t)block & (UNIT_BYTES - 1))) {
            kept--;
        } else if (config_safety && block_is_free(block, heap_secret())) {
            block_link(block, slab->free, heap_secret());
            slab->free = block;
        } else {
            used++;
        }
    }
    slab->resident_blocks = (uint16_t)kept;
    slab->used_blocks = (uint16_t)used;
    racy_store(slab->start_limit, purged ? 0 : slab->carved_blocks * class_start_step(shape));
    slab->next = slab->prev = NULL;
    slab->flags = 0;
}

/* The slab may be taken from `owner`: a heap that is lost; or nobody, where a lost thread had it in hand, for in a
 * process of one thread no other has one in hand now. */
static bool is_lost(const struct unit *slab, const struct heap *owner) {
    if (!(load_acquire(slab->remote) & REMOTE_OWNED)) return false;
    return owner ? owner->state == HEAP_LEFT_BY_FORK
                 : load_acquire(heaps.single) && !load_relaxed(abandoned[slab->class].pending);
}

static void count_salvage(uint32_t more) {
    __atomic_fetch_add(&salvages, more, __ATOMIC_ACQ_REL);
}

bool fork_salvage(struct unit *slab, struct heap *heap) {
    struct heap *owner = load_acquire(slab->owner);
    while (owner == &salvaging) {
        cpu_relax();
        owner = load_acquire(slab->owner);
    }
    if (!is_lost(slab, owner)) return false;
    count_salvage(1);
    if (!cas(slab->owner, &owner, &salvaging)) {
        count_salvage(-1u);
        return fork_salvage(slab, heap);
    }
    swap_value(slab->remote, REMOTE_OWNED); /* those blocks are found by their keys */
    if (heap && is_unused(slab)) {
        slab->used_blocks = 0;
        slab_give(slab, heap_secret());
        count_salvage(-1u);
        return false;
    }
    recount(slab);
    if (heap) {
        heap_partial_add(heap, slab);
        store_release(slab->owner, heap);
        count_salvage(-1u);
    }
    return true;
}

static bool pushing; /* the one thread is, in fork_push() */

bool fork_push(struct unit *slab, struct block *block) {
    if (!load_relaxed(heaps.single)) return false;
    __atomic_store_n(&pushing, true, __ATOMIC_SEQ_CST); /* before it looks again, or fork_share() would miss it */
    bool pushes =
        __atomic_load_n(&heaps.single, __ATOMIC_SEQ_CST) && slab->owner && slab->owner->state == HEAP_LEFT_BY_FORK;
    if (pushes) owner_push(slab, block, heap_secret(), false);
    store_release(pushing, false);
    return pushes;
}

void fork_share(void) {
    __atomic_store_n(&heaps.single, false, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&pushing, __ATOMIC_SEQ_CST)) cpu_relax();
}

void fork_salvage_end(void) {
    count_salvage(-1u);
}

static bool salvage_line(struct unit *slab, struct heap *heap) {
    if (racy_load(slab->kind) != UNIT_SLAB || !fork_salvage(slab, heap)) return false;
    if (slab->used_blocks == 0) heap_slab_empty(slab, heap);
    return true;
}

/* No slab is a lost heap's any more, and none becomes one's: their structs can be others'. */
static void end_salvage(void) {
    for (struct heap *heap = load_acquire(heaps.all), *next; heap; heap = next) {
        next = heap->next_all;
        if (heap->state == HEAP_LEFT_BY_FORK) heap_park(heap);
    }
    store_release(heaps.left_by_fork, 0);
}

/* False: there is no heap left. */
static bool sweep_cache(void) {
    while (sweep.heap && sweep.heap->state != HEAP_LEFT_BY_FORK) sweep.heap = sweep.heap->next_all;
    if (!sweep.heap) return false;
    salvage_cache(sweep.heap);
    sweep.heap = sweep.heap->next_all;
    return true;
}

/* False: there is no such span. */
static bool sweep_lines(struct heap *heap) {
    struct span *span = sweep.place == 0 ? &span_home : load_acquire(span_list[sweep.place - 1]);
    uint32_t top = span ? load_relaxed(span->top_units) : 0;
    for (uint32_t i = 0, found = 0; i < SWEEP_LINES && found < SWEEP_SLABS && sweep.at < top; i++)
        found += salvage_line(span->lines + sweep.at++, heap);
    if (sweep.at < top) return true;
    sweep.at = 0;
    return sweep.place++ < load_acquire(span_count);
}

void fork_salvage_some(struct heap *heap) {
    if (__atomic_exchange_n(&sweep.taken, true, __ATOMIC_ACQ_REL)) return;
    if (load_relaxed(heaps.left_by_fork) > 0 && !sweep_cache() && !sweep_lines(heap)) end_salvage();
    store_release(sweep.taken, false);
}
