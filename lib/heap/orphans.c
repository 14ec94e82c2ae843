/* Slabs whose thread has ended. */
#include "heap/orphans.h"
#include "base/cpu.h"

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

void orphans_put(struct unit *slab, uintptr_t secret) {
    while (!lock_take(&orphans.lock)) cpu_relax(); /* a thread that ends holds nothing a fork waits for */
    link_first(slab);
    while (!owner_leave_listed(slab)) owner_collect(slab, secret);
    lock_give(&orphans.lock);
}

struct unit *orphans_take(uint32_t class) {
    if (!load_relaxed(orphans.first[class]) || !lock_try(&orphans.lock)) return NULL;
    struct unit *slab = orphans.first[class];
    if (slab) {
        owner_adopt(slab);
        orphans_unlink(slab);
    }
    lock_give(&orphans.lock);
    return slab;
}
