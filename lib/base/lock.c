/* The waiting half of the lock: read-spin, sleep, freeze. */
#include "base/lock.h"
#include "base/check.h"
#include "base/cpu.h"
#include <heapalloc/port.h>

/* About 2 us of reading before sleeping: longer than any holder needs, shorter than a scheduler's slice. */
enum { SPIN_READS = 100 };

static _Thread_local uint32_t ranks_held __attribute__((tls_model("initial-exec")));

/* A thread takes locks only in rank order; bit r of ranks_held says that a lock of rank r is held. */
void lock_order_check(struct lock *lock, bool enters) {
    debug_check(enters ? ranks_held >> lock->rank == 0 : ranks_held & 1u << lock->rank);
    ranks_held ^= 1u << lock->rank;
}

/* Read until the lock looks free; give up when it is frozen or after SPIN_READS. */
bool lock_spin(struct lock *lock) {
    for (int reads = 0; reads < SPIN_READS; reads++) {
        if (lock_try(lock)) return true;
        if (load_relaxed(lock->word) == LOCK_FROZEN) return false;
        cpu_relax();
    }
    return false;
}

bool lock_take_slow(struct lock *lock) {
    debug_check(ranks_held >> lock->rank == 0); /* before waiting: for itself, a thread waits forever */
    if (lock_spin(lock)) return true;
    for (;;) {
        uint32_t seen = LOCK_FREE;
        /* AWAITED even without waiters costs one needless wake; losing a waiter would cost a hang. */
        if (cas(lock->word, &seen, LOCK_AWAITED)) break;
        if (seen == LOCK_FROZEN) {
            port_wake(&lock->word, true); /* the wake that was ours may have been meant for one of several */
            return false;
        }
        if (seen == LOCK_HELD && !cas(lock->word, &seen, LOCK_AWAITED)) continue;
        port_wait(&lock->word, LOCK_AWAITED);
    }
    lock_order_enter(lock);
    return true;
}

void lock_give_slow(struct lock *lock) {
    port_wake(&lock->word, false);
}

void lock_freeze(struct lock *lock) {
    while (!lock_take(lock)) cpu_relax(); /* frozen by another thread's fork: its turn ends soon */
    lock_order_leave(lock);
    if (swap_value(lock->word, LOCK_FROZEN) == LOCK_AWAITED) port_wake(&lock->word, true);
}

void lock_thaw(struct lock *lock) {
    store_release(lock->word, LOCK_FREE);
}
