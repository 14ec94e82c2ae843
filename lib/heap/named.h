/* What has a name for reports: pools and arenas, in one list that a fork freezes. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include <stdbool.h>

enum named_kind { NAMED_POOL, NAMED_ARENA, NAMED_COLLECTED };

/* lock: named_lock. An entry is a block of its own, so that what it names may end while a fork has the lock.
 *   entry->next->before == entry, and the first has none before it           verify: named */
struct named {
    struct named *next, *before;
    void *object; /* NULL: it has ended, the entry goes with the next change of the list */
    const char *name;
    enum named_kind kind;
};

extern struct named *named_first __attribute__((visibility("hidden")));
extern struct lock named_lock __attribute__((visibility("hidden")));

/* List `object`; NULL: there is no memory, or a fork takes long: reports do not tell of it then. */
struct named *named_add(void *object, const char *name, enum named_kind kind);

/* Its end: whoever reads the list has left the object when this returns. `entry` may be NULL. */
void named_remove(struct named *entry);
