/* The lock of the profile's tables. */
/* SPDX-License-Identifier: MIT */
#include "profile_lock.h"
#include "heap/fast.h"
#include "syscall.h"
#include <heapalloc/port.h>

enum { FORKING = 1, FORK_WAITS = 200, SPINS = 100 };

static uintptr_t holder; /* an address of its holder, with FORKING during its fork; 0: free */

static uintptr_t self(void) {
    return (uintptr_t)&heap_self;
}

/* Spin first, then give the processor away, then sleep for a millisecond at a time: sched_yield() alone would let a
 * thread with a real-time priority keep the processor from the holder. */
static void wait_a_while(int round, bool forking) {
    static uint32_t nobody_wakes;
    if (round < SPINS) return;
    if (round < 2 * SPINS && !forking)
        syscall_6(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
    else
        port_pause(&nobody_wakes, 0);
}

bool profile_lock(void) {
    for (int i = 0, fork_waits = 0;; i += i < 2 * SPINS) {
        uintptr_t seen = 0;
        if (__atomic_compare_exchange_n(&holder, &seen, self(), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return true;
        if ((seen & ~(uintptr_t)FORKING) == self()) return false;
        if (seen & FORKING && fork_waits++ >= SPINS + FORK_WAITS) return false;
        wait_a_while(i, seen & FORKING);
    }
}

void profile_unlock(void) {
    __atomic_store_n(&holder, 0, __ATOMIC_RELEASE);
}

bool profile_is_locked(void) {
    return (__atomic_load_n(&holder, __ATOMIC_RELAXED) & ~(uintptr_t)FORKING) == self();
}

void profile_lock_for_fork(void) {
    if (profile_lock()) __atomic_store_n(&holder, self() | FORKING, __ATOMIC_RELAXED);
}

void profile_unlock_after_fork(void) {
    if (__atomic_load_n(&holder, __ATOMIC_RELAXED) == (self() | FORKING)) profile_unlock();
}
