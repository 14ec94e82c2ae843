/* Units for a thread that cannot wait for the end of a fork.
 *
 * glibc runs the handlers of pthread_atfork first and takes its stdio locks afterwards. A thread that holds such a
 * lock and allocates would wait for the fork, which waits for the thread; so would one that holds a lock which another
 * fork handler takes. Nearly all forks are over before lock_take() gives up (base/lock.h). For the rest a fork sets
 * aside some clean units of level 1 before it freezes the locks, which those threads take by one compare-and-swap. When
 * these are used up they take what was freed meanwhile, then wait longer, and at last make spans of their own.
 *
 * At the end of the fork all of this returns to level 1 and merges there, so that the next forks find it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include "span/grow.h"

extern struct lock emergency_lock __attribute__((visibility("hidden")));

/* Give what is left, and what was freed or made during the fork, to level 1, before the locks are thawed. The forking
 * thread. */
void emergency_close(void);

/* Take `count` units as `kind` by all means there are. `*over`: nothing was taken, but the fork is over and level 1
 * serves again. NULL without `*over`: no memory. */
struct unit *emergency_take(uint32_t count, enum unit_kind kind, bool *over);

/* Decide what follows when level 1 has no memory, or a fork has frozen it. A fork may have set aside the units that
 * were missing: one that has ended, or has begun since there were `*forks`, is a reason to try again. False: do not;
 * `*unit` is from what was set aside, or NULL. */
bool emergency_again(uint32_t count, enum unit_kind kind, enum grow_result grown, uint32_t *forks, struct unit **unit);
