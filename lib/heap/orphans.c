/* Slabs whose thread has ended. */
#include "heap/orphans.h"

struct orphans orphans = {.lock = {LOCK_FREE, RANK_ORPHANS}};

static void link_first(struct unit *slab) {
    struct unit *first = orphans.first[slab->class];
    slab->prev = NULL;
    slab->next = first;
    if (first) first->prev = slab;
    store_relaxed(orphans.first[slab->class], slab);
}

void orphans_unlink(struct unit *slab) {
    if (slab->next) slab->next->prev = slab->prev;
    if (slab->prev)
        slab->prev->next = slab->next;
    else
        store_relaxed(orphans.first[slab->class], slab->next);
    slab->next = slab->prev = NULL;
}

static void list(struct unit *slab, uintptr_t secret) {
    link_first(slab);
    while (!owner_leave_listed(slab)) owner_collect(slab, secret);
}

static void stray(struct unit *slab) {
    struct unit *seen = load_relaxed(orphans.stray);
    racy_store(slab->owner, NULL);
    do slab->next = seen;
    while (!cas(orphans.stray, &seen, slab));
}

/* Under the lock, so nobody else pops. */
static void list_strays(uintptr_t secret) {
    for (struct unit *slab = swap_value(orphans.stray, NULL), *next; slab; slab = next) {
        next = slab->next;
        list(slab, secret);
    }
}

void orphans_put(struct unit *slab, uintptr_t secret) {
    if (!lock_take(&orphans.lock)) {
        stray(slab);
        return;
    }
    list(slab, secret);
    lock_give(&orphans.lock);
}

struct unit *orphans_take(uint32_t class, uintptr_t secret) {
    if (likely(!load_relaxed(orphans.first[class]) && !load_relaxed(orphans.stray))) return NULL;
    if (!lock_try(&orphans.lock)) return NULL;
    if (unlikely(orphans.stray)) list_strays(secret);
    struct unit *slab = orphans.first[class];
    if (slab) {
        owner_adopt(slab);
        orphans_unlink(slab);
    }
    lock_give(&orphans.lock);
    return slab;
}
