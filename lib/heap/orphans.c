/* Slabs that no heap has. */
/* SPDX-License-Identifier: MIT */
#include "heap/orphans.h"

/* A taker takes so many slabs at most, until they have so many blocks: each turn at the lock then serves more than one
 * malloc. */
enum { TAKEN_SLABS_MAX = 4, TAKEN_BLOCKS = 8 };

struct orphans orphans[CLASS_COUNT] = {[0 ... CLASS_COUNT - 1] = {.lock = LOCK_OF(RANK_ORPHANS)}};

static void link_last(struct orphans *these, struct unit *slab) {
    holes_wait(slab);
    slab_queue_add(&these->queue, slab);
}

void orphans_unlink(struct unit *slab) {
    slab_queue_remove(&orphans[slab->class].queue, slab);
}

static void stray(struct orphans *these, struct unit *slab) {
    struct unit *seen = load_relaxed(these->stray);
    racy_store(slab->owner, NULL);
    do slab->next = seen;
    while (!cas(these->stray, &seen, slab));
}

bool orphans_put(struct unit *slab) {
    struct orphans *these = &orphans[slab->class];
    if (!lock_take(&these->lock)) {
        stray(these, slab);
        return true;
    }
    bool left = owner_leave_listed(slab, false);
    if (left) link_last(these, slab);
    lock_give(&these->lock);
    return left;
}

void orphans_put_all(uint32_t class, struct unit *first) {
    struct orphans *these = &orphans[class];
    bool locked = first && lock_take(&these->lock);
    for (struct unit *slab = first, *next; slab; slab = next) {
        next = slab->next;
        if (!locked) {
            stray(these, slab);
            continue;
        }
        owner_leave_listed(slab, true);
        link_last(these, slab);
    }
    if (locked) lock_give(&these->lock);
}

/* Under the lock, so nobody else pops. */
static void list_strays(struct orphans *these) {
    for (struct unit *slab = swap_value(these->stray, NULL), *next; slab; slab = next) {
        next = slab->next;
        owner_leave_listed(slab, true);
        link_last(these, slab);
    }
}

void orphans_list_strays(void) {
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        struct orphans *these = &orphans[class];
        if (!load_relaxed(these->stray) || !lock_take(&these->lock)) continue;
        list_strays(these);
        lock_give(&these->lock);
    }
}

/* True: there may be some, and the lock is held. */
RUN_BY_ALL static bool open_queue(struct orphans *these) {
    if (likely(!load_relaxed(these->queue.first) && !load_relaxed(these->stray))) return false;
    if (!lock_take(&these->lock)) return false;
    if (unlikely(load_relaxed(these->stray))) list_strays(these);
    return true;
}

static void adopt(struct unit *slab) {
    owner_adopt(slab);
    orphans_unlink(slab);
}

/* Blocks that an adopted slab has, or will have when it is carved. */
static uint32_t blocks_of(const struct unit *slab) {
    return class_shapes[slab->class].capacity_blocks - slab->used_blocks + remote_count(load_relaxed(slab->remote));
}

RUN_BY_ALL struct unit *orphans_take(uint32_t class, struct heap *heap) {
    struct orphans *these = &orphans[class];
    if (!open_queue(these)) return NULL;
    uint32_t half = class_shapes[class].capacity_blocks / 2u, enough = half < TAKEN_BLOCKS ? half : TAKEN_BLOCKS;
    struct unit *first = NULL, **end = &first;
    for (uint32_t slabs = 0, blocks = 0; slabs < TAKEN_SLABS_MAX && blocks < enough; slabs++) {
        struct unit *slab = these->queue.last;
        if (!slab) break;
        adopt(slab);
        racy_store(slab->owner, heap);
        blocks += blocks_of(slab);
        *end = slab;
        end = &slab->next;
    }
    lock_give(&these->lock);
    return first;
}

struct unit *orphans_take_aged(uint32_t class, uint8_t age) {
    struct orphans *these = &orphans[class];
    if (!open_queue(these)) return NULL;
    struct unit *slab = these->queue.first;
    if (slab && holes_age(slab) >= age)
        adopt(slab);
    else
        slab = NULL;
    lock_give(&these->lock);
    return slab;
}

void orphans_freeze(void) {
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) lock_freeze(&orphans[class].lock);
}

void orphans_thaw(void) {
    for (uint32_t class = CLASS_COUNT; --class > 0;) lock_thaw(&orphans[class].lock);
}
