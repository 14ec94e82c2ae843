/* Units for a thread that meets a frozen lock: while a fork is under way, nobody may wait for it to end.
 *
 * glibc runs the handlers of pthread_atfork first and takes its stdio locks afterwards. A thread that holds such a
 * lock and allocates would wait for the fork, which waits for the thread. So before it freezes the locks a fork takes
 * some units out of level 1 as a reserve, and such a thread takes from the reserve by one compare-and-swap; what is
 * left goes back when the locks are thawed. Should the reserve run out, what was freed meanwhile
 * serves, and spans of their own follow. */
#pragma once
#include "base/lock.h"
#include "span/span.h"

extern struct lock emergency_lock __attribute__((visibility("hidden")));

/* Before the locks are frozen, and after they are thawed. */
void emergency_open(void);
void emergency_close(void);

/* Wait a millisecond for the fork to end, a few times per fork: most are over by then, and what is taken without the lock
 * stays little. False: it takes long, perhaps it waits for the caller. */
bool emergency_pause(void);

/* Take `count` units as `kind` without a lock; NULL: no memory. */
struct unit *emergency_take(uint32_t count, enum unit_kind kind);
