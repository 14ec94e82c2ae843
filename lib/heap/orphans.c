/* Slabs whose thread has ended. */
#include "heap/orphans.h"

enum { LOOKS_MAX = 64 };

struct orphans orphans = {.lock = LOCK_OF(RANK_ORPHANS)};

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
    if (left) link_first(slab);
    lock_give(&orphans.lock);
    return left;
}

/* Under the lock, so nobody else pops. */
static void list_strays(void) {
    for (struct unit *slab = swap_value(orphans.stray, NULL), *next; slab; slab = next) {
        next = slab->next;
        owner_leave_listed(slab, true);
        link_first(slab);
    }
}

struct unit *orphans_take(uint32_t class) {
    if (likely(!load_relaxed(orphans.first[class]) && !load_relaxed(orphans.stray))) return NULL;
    if (!lock_try(&orphans.lock)) return NULL;
    if (unlikely(load_relaxed(orphans.stray))) list_strays();
    struct unit *slab = orphans.first[class];
    if (slab) {
        owner_adopt(slab);
        orphans_unlink(slab);
    }
    lock_give(&orphans.lock);
    return slab;
}

/* A slab whose last block came home while it was listed; looks at LOOKS_MAX of a class. */
static struct unit *find_empty(uint32_t class) {
    struct unit *slab = orphans.first[class];
    for (int i = 0; slab && i < LOOKS_MAX; i++, slab = slab->next)
        if (remote_count(load_relaxed(slab->remote)) == slab->used_blocks) return slab;
    return NULL;
}

struct unit *orphans_take_empty(void) {
    struct unit *slab = NULL;
    if (!lock_try(&orphans.lock)) return NULL;
    if (load_relaxed(orphans.stray)) list_strays();
    for (uint32_t class = 1; class < CLASS_COUNT && !slab; class++) slab = find_empty(class);
    if (slab) {
        owner_adopt(slab);
        orphans_unlink(slab);
    }
    lock_give(&orphans.lock);
    return slab;
}
