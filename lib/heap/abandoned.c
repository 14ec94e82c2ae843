/* Slabs that no heap has. */
/* SPDX-License-Identifier: MIT */
#include "heap/abandoned.h"
#include "heap/policy.h"

struct abandoned abandoned[CLASS_COUNT] = {[0 ... CLASS_COUNT - 1] = {.lock = LOCK_OF(RANK_ABANDONED)}};

STARTUP_TEXT static void link_last(struct abandoned *these, struct unit *slab) {
    debug_check(lock_is_mine(&these->lock) && !(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED)));
    purged_wait(slab);
    slab_queue_add(&these->queue, slab);
}

STARTUP_TEXT void abandoned_unlink(struct unit *slab) {
    debug_check(lock_is_mine(&abandoned[slab->class].lock));
    slab_queue_remove(&abandoned[slab->class].queue, slab);
}

static void pending(struct abandoned *these, struct unit *slab) {
    debug_check(slab->kind == UNIT_SLAB && !(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED)));
    struct unit *seen = load_relaxed(these->pending);
    store_relaxed(slab->owner, NULL);
    do slab->next = seen;
    while (!cas(these->pending, &seen, slab));
}

STARTUP_TEXT bool abandoned_put(struct unit *slab) {
    debug_check(slab->kind == UNIT_SLAB && load_relaxed(slab->remote) & REMOTE_OWNED);
    struct abandoned *these = &abandoned[slab->class];
    if (!lock_take(&these->lock)) {
        pending(these, slab);
        return true;
    }
    bool left = owner_leave_listed(slab, OWNER_WITHOUT_REMOTE);
    if (left) link_last(these, slab);
    lock_give(&these->lock);
    return left;
}

STARTUP_TEXT void abandoned_put_all(uint32_t class, struct unit *first) {
    debug_check(!first || (first->class == class && load_relaxed(first->remote) & REMOTE_OWNED));
    struct abandoned *these = &abandoned[class];
    bool locked = first && lock_take(&these->lock);
    for (struct unit *slab = first, *next; slab; slab = next) {
        next = slab->next;
        if (!locked) {
            pending(these, slab);
            continue;
        }
        owner_leave_listed(slab, OWNER_WITH_REMOTE);
        link_last(these, slab);
    }
    if (locked) lock_give(&these->lock);
}

/* Move the pending slabs into the queue. Under the lock, so nobody else pops. */
static void list_pending(struct abandoned *these) {
    debug_check(lock_is_mine(&these->lock));
    for (struct unit *slab = swap_value(these->pending, NULL), *next; slab; slab = next) {
        next = slab->next;
        owner_leave_listed(slab, OWNER_WITH_REMOTE);
        link_last(these, slab);
    }
}

void abandoned_list_pending(void) {
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        struct abandoned *these = &abandoned[class];
        if (!load_relaxed(these->pending) || !lock_take(&these->lock)) continue;
        list_pending(these);
        lock_give(&these->lock);
    }
}

/* Take the lock if the class may have abandoned slabs. True: it is held. */
STARTUP_TEXT static bool open_queue(struct abandoned *these) {
    debug_check(!lock_is_mine(&these->lock));
    if (likely(!load_relaxed(these->queue.first) && !load_relaxed(these->pending))) return false;
    if (!lock_take(&these->lock)) return false;
    if (unlikely(load_relaxed(these->pending))) list_pending(these);
    return true;
}

static void adopt(struct unit *slab) {
    debug_check(lock_is_mine(&abandoned[slab->class].lock) && load_relaxed(slab->remote) & REMOTE_LISTED);
    owner_reclaim(slab);
    abandoned_unlink(slab);
}

/* Blocks that a taken slab has free, or will have when it is carved. */
static uint32_t blocks_of(const struct unit *slab) {
    return class_shapes[slab->class].capacity_blocks - slab->used_blocks + remote_count(load_relaxed(slab->remote));
}

STARTUP_TEXT struct unit *abandoned_take(uint32_t class, struct heap *heap) {
    debug_check(class > 0 && class < CLASS_COUNT && heap->state == HEAP_LIVE);
    struct abandoned *these = &abandoned[class];
    if (!open_queue(these)) return NULL;
    uint32_t enough = policy_blocks_enough(class);
    struct unit *first = NULL, **end = &first;
    for (uint32_t slabs = 0, blocks = 0; slabs < TAKEN_SLABS_MAX && blocks < enough; slabs++) {
        struct unit *slab = these->queue.last;
        if (!slab) break;
        adopt(slab);
        store_relaxed(slab->owner, heap);
        blocks += blocks_of(slab);
        *end = slab;
        end = &slab->next;
    }
    lock_give(&these->lock);
    return first;
}

STARTUP_TEXT struct unit *abandoned_take_aged(uint32_t class, uint8_t age) {
    debug_check(class > 0 && class < CLASS_COUNT);
    struct abandoned *these = &abandoned[class];
    if (!open_queue(these)) return NULL;
    struct unit *slab = these->queue.first;
    if (slab && purged_age(slab) >= age)
        adopt(slab);
    else
        slab = NULL;
    lock_give(&these->lock);
    return slab;
}

void abandoned_freeze(void) {
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) lock_freeze(&abandoned[class].lock);
}

void abandoned_thaw(void) {
    for (uint32_t class = CLASS_COUNT; --class > 0;) lock_thaw(&abandoned[class].lock);
}
