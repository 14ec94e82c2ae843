/* Units for a thread that cannot wait for the end of a fork.
 *
 * glibc runs the handlers of pthread_atfork first and takes its stdio locks afterwards. A thread that holds such a
 * lock and allocates would wait for the fork, which waits for the thread; so would one that holds a lock which another
 * fork handler takes. Nearly all forks are over before a thread has waited for as long as lock_take() does
 * (base/lock.h); for the rest a fork sets aside some clean units of level 1 before it freezes the locks, which those
 * threads take by one compare-and-swap. When these are used up, they wait for longer; then what was freed meanwhile
 * serves, and at last spans of their own.
 *
 * At the end of the fork all of this becomes level 1's, and merges there: what one fork took, the next ones find. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include "span/grow.h"

extern struct lock emergency_lock __attribute__((visibility("hidden")));

/* Before the locks are frozen, and before they are thawed; the forking thread. */
void emergency_open(void);
void emergency_close(void);

/* Take `count` units as `kind` of what was set aside; NULL: there are not as many. */
struct unit *emergency_take_ready(uint32_t count, enum unit_kind kind);

/* The same, and whatever it takes. `*over`: nothing was taken, but a fork is over and level 1 serves. Else NULL: no
 * memory. */
struct unit *emergency_take(uint32_t count, enum unit_kind kind, bool *over);

/* What follows when level 1 has no memory, or a fork has level 1. Perhaps the fork has set aside what would have
 * served: one that is over, or has begun since there were `*forks`, is a reason to try again. False: do not; `*unit` is
 * what was set aside, or NULL. */
bool emergency_again(uint32_t count, enum unit_kind kind, enum grow_result grown, uint32_t *forks, struct unit **unit);
