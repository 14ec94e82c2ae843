/* A lock of one word that spins briefly, then sleeps; a fork can freeze it.
 *
 *   FREE --take--> HELD --(someone sleeps)--> AWAITED --give--> FREE       FREE --freeze--> FROZEN --thaw--> FREE
 *                                              FROZEN --the forking thread takes--> BORROWED --gives--> FROZEN
 *   an object's (heap/named.h):  FROZEN --broken by who waited for seconds--> HELD ;  in a child HELD --thaw--> LOST
 *
 * Holders of the locks of abandoned slabs, medium and units make no system call and call nobody back. The gate and the
 * emergency's lock are held while the world maps memory, the outer locks over what allocates or frees.
 * A frozen lock belongs to the forking thread, which takes and gives it as before, for its fork handlers may allocate.
 * Others sleep until the fork is over, but only for a while: the fork may be waiting for a stdio lock whose holder is
 * allocating now. Then lock_take() fails (span/emergency.h says what such a thread does instead). Lock order, outermost
 * first: named, arenas and pools, exited threads, heaps, abandoned slabs, medium, gate, units, emergency. A thread
 * holds one of a kind at a time. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/alone.h"
#include "base/bits.h"
#include "base/config.h"
#include "base/memory.h"

enum { LOCK_FREE, LOCK_HELD, LOCK_AWAITED, LOCK_FROZEN, LOCK_BORROWED, LOCK_LOST };

struct lock {
    uint32_t word;
    uint32_t rank; /* place in the lock order, 1 outermost; checked in debug builds */
};

enum {
    RANK_NAMED = 1,
    RANK_ARENA,
    RANK_EXITED,
    RANK_HEAPS,
    RANK_ABANDONED,
    RANK_MEDIUM,
    RANK_GATE,
    RANK_UNITS,
    RANK_EMERGENCY
};

/* A free lock; its rank is 0 where nobody checks it, so that large structs with a lock are all zero and take no memory
 * until they are touched. */
#define LOCK_OF(rank) \
    { LOCK_FREE, config_debug ? (rank) : 0 }

bool lock_take_slow(struct lock *lock);
bool lock_spin(struct lock *lock);
void lock_give_slow(struct lock *lock);
enum lock_step { LOCK_ENTERS, LOCK_LEAVES };
void lock_order_check(struct lock *lock, enum lock_step step);

/* Check the lock order in debug builds; others compile to nothing, not even a call. */
INLINE void lock_order_enter(struct lock *lock) {
    if (config_debug) lock_order_check(lock, LOCK_ENTERS);
}
INLINE void lock_order_leave(struct lock *lock) {
    if (config_debug) lock_order_check(lock, LOCK_LEAVES);
}

/* Take the lock if it is free just now. */
INLINE bool lock_try(struct lock *lock) {
    uint32_t seen = LOCK_FREE;
    if (!alone() && load_relaxed(lock->word) != LOCK_FREE) return false;
    if (!cas_alone(lock->word, &seen, LOCK_HELD)) return false;
    count_one(COUNT_LOCK);
    lock_order_enter(lock);
    return true;
}

/* Take the lock, waiting for it; false when a fork has frozen it, and takes long, or a fork has lost it. */
INLINE bool lock_take(struct lock *lock) {
    return likely(lock_try(lock)) || lock_take_slow(lock);
}

/* Take the lock unless that means to sleep: for frees, which never wait. */
INLINE bool lock_take_soon(struct lock *lock) {
    return likely(lock_try(lock)) || lock_spin(lock);
}

/* Give the lock. True: not yet, as somebody sleeps for it or it is borrowed, and lock_give_slow() must follow. */
INLINE bool lock_drop(struct lock *lock) {
    uint32_t seen = LOCK_HELD;
    lock_order_leave(lock);
    return unlikely(!cas_alone(lock->word, &seen, LOCK_FREE));
}

/* True when the calling thread has the lock, for debug_check(). Always true in other builds, which keep no record. */
bool lock_is_mine(const struct lock *lock);

INLINE void lock_give(struct lock *lock) {
    if (unlikely(lock_drop(lock))) lock_give_slow(lock);
}

/* Begin and end a fork of the calling thread; the end is in parent and child. One thread at a time: others sleep. */
void lock_fork_begin(void);
void lock_fork_end(void);

/* Freeze the lock for the fork, so that other threads fail to take it; undo that, in the parent or in the child. */
void lock_freeze(struct lock *lock);
void lock_thaw(struct lock *lock);

/* The same for a lock that others may break: what they have is left to them in the parent, and lost in the child. */
enum lock_side { LOCK_IN_PARENT, LOCK_IN_CHILD };
void lock_thaw_unless_broken(struct lock *lock, enum lock_side side);

/* Take a lock that a fork has frozen; the fork's child will do without what it guards. False: it is not frozen. */
bool lock_break(struct lock *lock);

/* A fork is under way; it is the calling thread's. */
bool lock_fork_goes_on(void);
bool lock_fork_is_mine(void);

/* How many forks have begun. */
uint32_t lock_forks(void);

/* Sleep until no fork is under way, but no more than `most` milliseconds for the present one, earlier sleeps included.
 * False: it is not over, or is the caller's own. */
bool lock_await_fork(uint32_t most);
