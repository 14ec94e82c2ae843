/* What has a name for reports: pools and arenas, in one list that a fork freezes. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include <stdbool.h>

enum named_kind { NAMED_POOL, NAMED_ARENA, NAMED_COLLECTED };

/* lock: named_lock. An entry is a block of its own, so that its object may end while a fork has the lock.
 *   entry->next->before == entry, and the first has none before it           verify: named */
struct named {
    struct named *next, *before;
    void *object; /* NULL: it has ended; the next change of the list removes the entry */
    const char *name;
    enum named_kind kind;
};

extern struct named *named_first __attribute__((visibility("hidden")));
extern struct lock named_lock __attribute__((visibility("hidden")));

/* List `object`. NULL: there is no memory, or a fork takes long; then reports do not include it. */
struct named *named_add(void *object, const char *name, enum named_kind kind);

/* End an entry: when this returns no reader of the list uses the object any more. `entry` may be NULL. */
void named_remove(struct named *entry);
