/* What has a name for reports. */
/* SPDX-License-Identifier: MIT */
#include "heap/named.h"
#include "base/check.h"
#include "heap/fast.h"

/* How long a fork is waited for before it counts as one that waits for this thread, in milliseconds. */
enum { PATIENCE_MS = 2000 };

struct named *named_first;
struct lock named_lock = LOCK_OF(RANK_NAMED);

static void named_link_first(struct named *entry) {
    debug_check(lock_is_mine(&named_lock));
    entry->next = named_first;
    if (named_first) named_first->before = entry;
    named_first = entry;
}

static void named_unlist(struct named *entry) {
    *(entry->before ? &entry->before->next : &named_first) = entry->next;
    if (entry->next) entry->next->before = entry->before;
}

/* Unlink the entries whose objects ended during a fork, and `entry`; returns a list to be freed without the lock. */
static struct named *named_unlink_ended(struct named *entry) {
    debug_check(lock_is_mine(&named_lock));
    struct named *ended = NULL;
    for (struct named *one = named_first, *next; one; one = next) {
        next = one->next;
        if (one != entry && load_acquire(one->object)) continue;
        named_unlist(one);
        one->next = ended;
        ended = one;
    }
    return ended;
}

/* Set when entries ended during a fork, so that named_remove() looks for them. */
static bool some_ended;

static struct named *named_take_out(struct named *entry) {
    debug_check(lock_is_mine(&named_lock));
    if (load_relaxed(some_ended)) {
        store_relaxed(some_ended, false);
        return named_unlink_ended(entry);
    }
    named_unlist(entry);
    entry->next = NULL;
    return entry;
}

struct named *named_add(void *object, const char *name, enum named_kind kind) {
    struct named *entry = entry_alloc(sizeof(*entry), heap_self);
    if (!entry) return NULL;
    *entry = (struct named){.object = object, .kind = kind, .lock = LOCK_OF(RANK_ARENA)};
    if (name) named_copy(entry->name, name);
    while (!lock_take(&named_lock)) {
        if (lock_await_fork(PATIENCE_MS)) continue;
        entry_free(entry, heap_self);
        return NULL;
    }
    named_link_first(entry);
    lock_give(&named_lock);
    return entry;
}

/* While a fork has the lock only the forking thread reads the list; the entry stays in it, marked as ended. */
void named_remove(struct named *entry) {
    if (!entry) return;
    if (!lock_take(&named_lock)) {
        store_release(entry->object, NULL);
        store_relaxed(some_ended, true);
        return;
    }
    struct named *ended = named_take_out(entry);
    lock_give(&named_lock);
    for (struct named *next; ended; ended = next) {
        next = ended->next;
        entry_free(ended, heap_self);
    }
}

COLD void named_enter_slow(struct named *entry) {
    static const char *const functions[] = {"heapalloc_pool", "heapalloc_arena", "heapalloc_collected"};
    while (!lock_take(&entry->lock)) {
        if (load_relaxed(entry->lock.word) == LOCK_LOST)
            check_misuse(functions[entry->kind], entry->object,
                         "was in use by another thread when this process was forked");
        if (!lock_await_fork(PATIENCE_MS) && lock_break(&entry->lock)) return;
    }
}

/* The list is frozen before, and thawed after. */
void named_freeze(void) {
    for (struct named *entry = named_first; entry; entry = entry->next) lock_freeze(&entry->lock);
}

void named_thaw(enum lock_side side) {
    for (struct named *entry = named_first; entry; entry = entry->next) lock_thaw_unless_broken(&entry->lock, side);
}

void named_put_right(void) {
    for (struct named *entry = named_first; entry; entry = entry->next)
        if (entry->object && entry->put_right && load_relaxed(entry->lock.word) != LOCK_LOST)
            entry->put_right(entry->object);
}
