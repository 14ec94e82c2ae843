/* The lock of the profile's tables.
 *
 * Its word names the holder: when a signal handler interrupts it, what the handler allocates is not sampled, and what
 * it frees is noted for the next holder. The same holds for a thread that waits long for a fork, because the fork may
 * wait for a lock that this thread holds. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

/* Take the lock. False: this thread holds it already, or a fork takes too long. */
bool profile_lock(void);
void profile_unlock(void);

/* True when the calling thread has the lock. */
bool profile_is_locked(void);

/* Hold the lock over a fork, unless a signal handler forks while its thread holds it; that one keeps it in both
 * processes. */
void profile_lock_for_fork(void);
void profile_unlock_after_fork(void);
