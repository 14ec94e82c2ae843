/* Slabs that no heap has. */
#include "heap/orphans.h"

struct orphans orphans = {.lock = LOCK_OF(RANK_ORPHANS)};

static void link_last(struct unit *slab) {
    holes_wait(slab);
    slab_queue_add(&orphans.queue[slab->class], slab);
}

void orphans_unlink(struct unit *slab) {
    slab_queue_remove(&orphans.queue[slab->class], slab);
}

static void stray(struct unit *slab) {
    struct unit *seen = load_relaxed(orphans.stray);
    racy_store(slab->owner, NULL);
    do slab->next = seen;
    while (!cas(orphans.stray, &seen, slab));
}

bool orphans_put(struct unit *slab) {
    if (!lock_take(&orphans.lock)) {
        stray(slab);
        return true;
    }
    bool left = owner_leave_listed(slab, false);
    if (left) link_last(slab);
    lock_give(&orphans.lock);
    return left;
}

/* Under the lock, so nobody else pops. */
static void list_strays(void) {
    for (struct unit *slab = swap_value(orphans.stray, NULL), *next; slab; slab = next) {
        next = slab->next;
        owner_leave_listed(slab, true);
        link_last(slab);
    }
}

/* True: there may be some, and the lock is held. */
RUN_BY_ALL static bool open_queue(uint32_t class) {
    if (likely(!load_relaxed(orphans.queue[class].first) && !load_relaxed(orphans.stray))) return false;
    if (!lock_try(&orphans.lock)) return false;
    if (unlikely(load_relaxed(orphans.stray))) list_strays();
    return true;
}

static struct unit *adopt(struct unit *slab) {
    if (slab) {
        owner_adopt(slab);
        orphans_unlink(slab);
    }
    lock_give(&orphans.lock);
    return slab;
}

RUN_BY_ALL struct unit *orphans_take(uint32_t class) {
    return open_queue(class) ? adopt(orphans.queue[class].last) : NULL;
}

struct unit *orphans_take_aged(uint32_t class, uint8_t age) {
    if (!open_queue(class)) return NULL;
    struct unit *slab = orphans.queue[class].first;
    return adopt(slab && holes_age(slab) >= age ? slab : NULL);
}
