/* The waiting half of the lock: read-spin, sleep, freeze. */
/* SPDX-License-Identifier: MIT */
#include "base/lock.h"
#include "base/check.h"
#include "base/cpu.h"
#include <heapalloc/port.h>

/* About 2 us of reading before sleeping: longer than most holders need, shorter than a scheduler's slice. */
enum { SPIN_READS = 100 };

/* How long other threads sleep for a fork, in all: longer than a fork takes that waits for nobody, but short for one
 * that waits for them. */
enum { FORK_PATIENCE_MS = 16 };

static _Thread_local uint16_t ranks_held __attribute__((tls_model("initial-exec")));

/* Whether a fork is under way, from lock_fork_begin() to lock_fork_end(): outside of it no lock is frozen. */
enum { FORK_NONE, FORK_ALONE, FORK_AWAITED };
static uint32_t fork_state, forks;

/* The latest fork that this thread met, and how often it has slept for it:
 *   ffffffffffffffffffffnnnnnnnnnnnn    f the fork's number  n naps */
static _Thread_local uint32_t naps __attribute__((tls_model("initial-exec")));
enum { NAPS_BITS = 12, NAPS_MASK = (1 << NAPS_BITS) - 1 };

/* The forking thread, as the address of its `naps`, which is the same in the child's only thread. */
static const uint32_t *forker;

/* A thread takes locks only in rank order; bit r of ranks_held says that a lock of rank r is held. */
void lock_order_check(struct lock *lock, enum lock_step step) {
    if (!config_debug) return; /* so that other builds have no thread-local byte for it */
    debug_check(step == LOCK_ENTERS ? ranks_held >> lock->rank == 0 : ranks_held & 1u << lock->rank);
    ranks_held ^= (uint16_t)(1u << lock->rank);
}

bool lock_is_mine(const struct lock *lock) {
    return !config_debug || ranks_held >> lock->rank & 1;
}

bool lock_fork_goes_on(void) {
    return load_acquire(fork_state) != FORK_NONE;
}

STARTUP_TEXT bool lock_fork_is_mine(void) {
    return load_relaxed(forker) == &naps;
}

uint32_t lock_forks(void) {
    return load_acquire(forks);
}

/* Sleep for a millisecond or until the fork is over; false: there is none, it is our own, or `most` naps are used. */
static bool nap(uint32_t most) {
    uint32_t seen = FORK_ALONE;
    if (lock_fork_is_mine() || !lock_fork_goes_on() || (naps & NAPS_MASK) >= most) return false;
    naps++;
    cas(fork_state, &seen, FORK_AWAITED);
    port_pause(&fork_state, FORK_AWAITED);
    return true;
}

/* Count naps for the latest fork. Forks that begin during the wait share its count, or one that follows another would
 * make the thread wait for ever. */
static void open_account(void) {
    uint32_t latest = lock_forks() << NAPS_BITS;
    if ((naps & ~(uint32_t)NAPS_MASK) != latest) naps = latest;
}

bool lock_await_fork(uint32_t most) {
    open_account();
    while (lock_fork_goes_on())
        if (!nap(most)) return !lock_fork_goes_on();
    return true;
}

static bool is_frozen(const struct lock *lock) {
    uint32_t seen = load_acquire(lock->word);
    return seen == LOCK_FROZEN || seen == LOCK_BORROWED;
}

static bool await_thaw(struct lock *lock) {
    open_account();
    while (is_frozen(lock))
        if (!nap(FORK_PATIENCE_MS)) return !is_frozen(lock);
    return true;
}

/* The forking thread takes a lock that it has frozen; no other may. */
static bool borrow_frozen(struct lock *lock) {
    uint32_t seen = LOCK_FROZEN;
    if (!lock_fork_is_mine() || !cas(lock->word, &seen, LOCK_BORROWED)) return false;
    lock_order_enter(lock);
    return true;
}

/* Read until the lock looks free, and take it; give up when it is frozen or after SPIN_READS. */
bool lock_spin(struct lock *lock) {
    for (int reads = 0; reads < SPIN_READS; reads++) {
        if (lock_try(lock)) return true;
        if (load_relaxed(lock->word) == LOCK_FROZEN) return borrow_frozen(lock);
        cpu_relax();
    }
    return false;
}

bool lock_take_slow(struct lock *lock) {
    debug_check(ranks_held >> lock->rank == 0); /* before the wait: a thread would wait for itself forever */
    bool slept = false;
    if (lock_spin(lock)) return true;
    for (;;) {
        uint32_t seen = LOCK_FREE;
        /* AWAITED without waiters costs one needless wake; a lost waiter would hang. */
        if (cas(lock->word, &seen, LOCK_AWAITED)) break;
        if (seen == LOCK_FROZEN || seen == LOCK_BORROWED) {
            if (slept) port_wake(&lock->word, PORT_WAKE_ALL); /* others may wait, and our wake was the only one */
            slept = false;
            if (!await_thaw(lock)) return false;
            continue;
        }
        if (seen == LOCK_LOST) return false;
        if (seen == LOCK_HELD && !cas(lock->word, &seen, LOCK_AWAITED)) continue;
        count_one(COUNT_WAIT);
        port_wait(&lock->word, LOCK_AWAITED);
        slept = true;
    }
    count_one(COUNT_LOCK);
    lock_order_enter(lock);
    return true;
}

void lock_give_slow(struct lock *lock) {
    if (load_relaxed(lock->word) == LOCK_BORROWED) {
        store_release(lock->word, LOCK_FROZEN);
        return;
    }
    store_release(lock->word, LOCK_FREE);
    port_wake(&lock->word, PORT_WAKE_ONE);
}

void lock_fork_begin(void) {
    for (uint32_t seen = FORK_NONE; !cas(fork_state, &seen, FORK_ALONE); seen = FORK_NONE) {
        if (seen == FORK_ALONE && !cas(fork_state, &seen, FORK_AWAITED)) continue;
        port_wait(&fork_state, FORK_AWAITED);
    }
    store_relaxed(forker, &naps);
    __atomic_fetch_add(&forks, 1, __ATOMIC_ACQ_REL);
}

void lock_fork_end(void) {
    store_relaxed(forker, NULL);
    if (swap_value(fork_state, FORK_NONE) == FORK_AWAITED) port_wake(&fork_state, PORT_WAKE_ALL);
}

void lock_freeze(struct lock *lock) {
    while (!lock_take(lock)) cpu_relax();
    lock_order_leave(lock);
    if (swap_value(lock->word, LOCK_FROZEN) == LOCK_AWAITED) port_wake(&lock->word, PORT_WAKE_ALL);
}

void lock_thaw(struct lock *lock) {
    store_release(lock->word, LOCK_FREE);
}

void lock_thaw_unless_broken(struct lock *lock, enum lock_side side) {
    uint32_t seen = LOCK_FROZEN;
    if (!cas(lock->word, &seen, LOCK_FREE) && seen != LOCK_FREE && side == LOCK_IN_CHILD)
        store_release(lock->word, LOCK_LOST);
}

bool lock_break(struct lock *lock) {
    uint32_t seen = LOCK_FROZEN;
    if (!cas(lock->word, &seen, LOCK_HELD)) return false;
    lock_order_enter(lock);
    return true;
}
