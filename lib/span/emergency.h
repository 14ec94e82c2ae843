/* Units for a thread that meets a frozen lock: while a fork is under way, nobody may wait for it to end.
 *
 * glibc runs the handlers of pthread_atfork first and takes its stdio locks afterwards. A thread that holds such a
 * lock and allocates would wait for the fork, which waits for the thread. So it takes units from a span of its
 * own kind instead, by one atomic addition; when freed they join level 1 like all others. */
#pragma once
#include "span/span.h"

/* Take `count` units as `kind` without a lock; NULL: no memory. */
struct unit *emergency_take(uint32_t count, enum unit_kind kind);
