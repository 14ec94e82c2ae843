/* Recovery in a fork's child: what the other threads owned. */
/* SPDX-License-Identifier: MIT */
#include "heap/recover.h"
#include "base/cpu.h"
#include "heap/abandoned.h"
#include "heap/partial.h"
#include "span/units.h"

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
