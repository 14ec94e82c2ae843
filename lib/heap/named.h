/* What has a name for reports, and what threads share: pools and arenas, in one list that a fork freezes, with the
 * locks in it.
 *
 * So a child finds what threads shared as it was between two of their calls. A thread that waits for a fork that waits
 * for it (it has a lock of stdio's, say) breaks the lock after seconds: then the child, if it was made meanwhile, must
 * do without that one object, and a call with it ends the program with a sentence. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include <stdbool.h>

enum { NAMED_CHARS = 40 };

enum named_kind { NAMED_POOL, NAMED_ARENA, NAMED_COLLECTED };

/* lock: named_lock. An entry is a block of its own, so that its object may end while a fork has the lock.
 *   entry->next->before == entry, and the first has none before it           verify: named */
struct named {
    struct named *next, *before;
    void *object;           /* NULL: it has ended, the entry goes with the next change of the list */
    char name[NAMED_CHARS]; /* a copy, truncated, as core files may lack the caller's; "": reports do not tell of it */
    enum named_kind kind;
    struct lock lock;                /* the object's, where threads share it */
    void (*put_right)(void *object); /* called in the child of a fork; NULL: nothing is to be done */
};

extern struct named *named_first __attribute__((visibility("hidden")));
extern struct lock named_lock __attribute__((visibility("hidden")));

/* Copy a name into a field that is all zero, truncated to what fits. */
INLINE void named_copy(char to[NAMED_CHARS], const char *name) {
    for (size_t i = 0; i < NAMED_CHARS - 1 && name[i]; i++) to[i] = name[i];
}

/* List `object`; `name` may be NULL. NULL: there is no memory, or a fork takes very long: reports do not tell of it
 * then, and threads cannot share it. */
struct named *named_add(void *object, const char *name, enum named_kind kind);

/* End an entry: when this returns no reader of the list uses the object any more. `entry` may be NULL. */
void named_remove(struct named *entry);

/* The calling thread has the object's lock from here to there. Ends the program when a fork has lost it. */
void named_enter_slow(struct named *entry);
INLINE void named_enter(struct named *entry) {
    if (unlikely(!lock_take(&entry->lock))) named_enter_slow(entry);
}
INLINE void named_leave(struct named *entry) {
    lock_give(&entry->lock);
}

/* A fork: between these nobody is in an object; in the child what other threads had in hand is put right. */
void named_freeze(void);
void named_thaw(enum lock_side side);
void named_put_right(void);
