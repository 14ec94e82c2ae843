/* Recovery in a fork's child: what the other threads owned. */
/* SPDX-License-Identifier: MIT */
#include "heap/recover.h"
#include "base/cpu.h"
#include "heap/abandoned.h"
#include "heap/cache.h"
#include "heap/empty.h"
#include "heap/parked.h"
#include "heap/partial.h"
#include "span/units.h"

enum {
    SWEEP_LINES = 512, /* looked at per slow path */
    SWEEP_SLABS = 2,   /* taken per slow path: counting writes to all pages of a slab, which the child then copies */
};

/* The sweep: one thread at a time goes over the left-behind heaps' caches, one per step, then over all lines once, some
 * per step. */
static struct {
    bool taken;
    struct heap *heap; /* whose cache is looked at next */
    uint32_t place;    /* 0: the home span, else 1 + the place in span_list */
    uint32_t at;       /* unit of it that is looked at next */
} sweep;

/* The owner of a slab while its blocks are counted: a heap in the state LEFT_BY_FORK, which no thread has. */
static struct heap recovering;
static uint32_t recoveries; /* threads that are counting one; atomic */

/* The owner of a slab whose counting a further fork cut short. */
static struct heap unfinished;

/* Mark slabs that a thread was counting when a child forked again: that thread is gone, and nobody would finish. */
static void lose_recovered(void) {
    for (uint32_t place = 0; place <= span_count; place++) {
        struct span *span = place == 0 ? &span_home : span_list[place - 1];
        for (uint32_t i = 0; span && i < span->top_units; i++)
            if (span->lines[i].owner == &recovering) span->lines[i].owner = &unfinished;
    }
}

void recover_begin(void) {
    recovering.state = unfinished.state = HEAP_LEFT_BY_FORK;
    if (swap_value(recoveries, 0) > 0) lose_recovered();
}

void recover_sweep_begin(void) {
    heaps.has_lost_threads = heaps.single = true;
    sweep.taken = false;
    sweep.heap = heaps.all;
    sweep.place = sweep.at = 0;
}

/* Give back the cached blocks of a left-behind heap. Its lists may be torn; a block's own slot says whether it is
 * cached. */
static void recover_cache(struct heap *heap) {
    debug_check(heap->state == HEAP_LEFT_BY_FORK);
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

/* True when every block has a key: then the slab can be given back without a write to its pages. */
static bool is_unused(const struct unit *slab) {
    debug_check(slab->owner == &recovering && slab->kind == UNIT_SLAB);
    const char *at = slab->memory, *end = at + (size_t)slab->carved_blocks * slab->block_bytes;
    while (at < end && block_is_free((const struct block *)at, heap_secret())) at += slab->block_bytes;
    return config_safety && at >= end && slab_purged_pages(slab) == 0;
}

/* Count the slab's free blocks by their keys, and list them; blocks that another thread had in hand count as used. */
static void recount(struct unit *slab) {
    debug_check(slab->owner == &recovering && slab->kind == UNIT_SLAB);
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
    slab->flags &= UNIT_SAMPLED;
    store_relaxed(slab->start_limit, purged || slab->flags ? 0 : slab->carved_blocks * class_start_step(shape));
    slab->next = slab->prev = NULL;
}

/* True when the slab may be taken from `owner`: a left-behind heap; or NULL, if a thread of the parent had the slab in
 * hand, because in a process of one thread no other can have it in hand now. */
static bool is_lost(const struct unit *slab, const struct heap *owner) {
    if (!(load_acquire(slab->remote) & REMOTE_OWNED)) return false;
    return owner ? owner->state == HEAP_LEFT_BY_FORK
                 : load_acquire(heaps.single) && !load_relaxed(abandoned[slab->class].pending);
}

static void recover_count(uint32_t more) {
    __atomic_fetch_add(&recoveries, more, __ATOMIC_ACQ_REL);
}

/* Claim the slab, waiting while another thread counts it. False: it belongs to no left-behind heap, or not any more. */
static bool claim(struct unit *slab) {
    for (;;) {
        struct heap *owner = load_acquire(slab->owner);
        if (owner == &recovering) {
            cpu_relax();
            continue;
        }
        if (!is_lost(slab, owner)) return false;
        recover_count(1);
        if (cas(slab->owner, &owner, &recovering)) return true;
        recover_count(-1u);
    }
}

bool recover_slab(struct unit *slab, struct heap *heap) {
    debug_check(slab->kind == UNIT_SLAB && load_relaxed(heaps.has_lost_threads));
    if (!claim(slab)) return false;
    swap_value(slab->remote, REMOTE_OWNED); /* those blocks are found by their keys */
    if (heap && is_unused(slab)) {
        slab->used_blocks = 0;
        slab_give(slab, heap_secret());
        recover_count(-1u);
        return false;
    }
    recount(slab);
    if (heap) {
        partial_add(heap, slab);
        store_release(slab->owner, heap);
        recover_count(-1u);
    }
    return true;
}

static bool pushing; /* the only thread is in recover_push() */

bool recover_push(struct unit *slab, struct block *block) {
    if (!load_relaxed(heaps.single)) return false;
    __atomic_store_n(&pushing, true, __ATOMIC_SEQ_CST); /* before `single` is read again: recover_share() waits */
    bool pushes =
        __atomic_load_n(&heaps.single, __ATOMIC_SEQ_CST) && slab->owner && slab->owner->state == HEAP_LEFT_BY_FORK;
    if (pushes) owner_push(slab, block, heap_secret(), OWNER_CLAIMS_FULL);
    store_release(pushing, false);
    return pushes;
}

void recover_share(void) {
    __atomic_store_n(&heaps.single, false, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&pushing, __ATOMIC_SEQ_CST)) cpu_relax();
}

void recover_end(void) {
    debug_check(load_relaxed(recoveries) > 0);
    recover_count(-1u);
}

/* Give up a slab in which nothing is free: a partial one has something for a bin. */
static void leave_full(struct heap *heap, struct unit *slab) {
    debug_check(slab->owner == heap && slab->flags & UNIT_PARTIAL);
    partial_remove(heap, slab);
    if (!owner_leave_full(slab)) partial_add(heap, slab);
}

static bool recover_line(struct unit *slab, struct heap *heap) {
    if (load_relaxed(slab->kind) != UNIT_SLAB || !recover_slab(slab, heap)) return false;
    if (slab->used_blocks == 0)
        heap_slab_empty(slab, heap);
    else if (slab->free == BLOCK_END && slab_uncarved(slab) == 0)
        leave_full(heap, slab);
    return true;
}

/* End the sweep: left-behind heaps have no slabs any more and get none, so their structs are parked. */
static void end_sweep(void) {
    debug_check(load_relaxed(sweep.taken) && !sweep.heap);
    for (struct heap *heap = load_acquire(heaps.all), *next; heap; heap = next) {
        next = heap->next_all;
        if (heap->state == HEAP_LEFT_BY_FORK) parked_make(heap);
    }
    store_release(heaps.left_by_fork, 0);
}

/* Salvage the cache of the next left-behind heap. False: there is none. */
static bool sweep_cache(void) {
    debug_check(load_relaxed(sweep.taken));
    while (sweep.heap && sweep.heap->state != HEAP_LEFT_BY_FORK) sweep.heap = sweep.heap->next_all;
    if (!sweep.heap) return false;
    recover_cache(sweep.heap);
    sweep.heap = sweep.heap->next_all;
    return true;
}

/* Salvage slabs among the next lines. False: all spans are done. */
static bool sweep_lines(struct heap *heap) {
    debug_check(load_relaxed(sweep.taken) && heap->state == HEAP_LIVE);
    struct span *span = sweep.place == 0 ? &span_home : load_acquire(span_list[sweep.place - 1]);
    uint32_t top = span ? load_relaxed(span->top_units) : 0;
    for (uint32_t i = 0, found = 0; i < SWEEP_LINES && found < SWEEP_SLABS && sweep.at < top; i++)
        found += recover_line(span->lines + sweep.at++, heap);
    if (sweep.at < top) return true;
    sweep.at = 0;
    return sweep.place++ < load_acquire(span_count);
}

void recover_some(struct heap *heap) {
    if (__atomic_exchange_n(&sweep.taken, true, __ATOMIC_ACQ_REL)) return;
    if (load_relaxed(heaps.left_by_fork) > 0 && !sweep_cache() && !sweep_lines(heap)) end_sweep();
    store_release(sweep.taken, false);
}
