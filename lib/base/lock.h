/* A lock of one word that spins shortly, then sleeps; a fork can freeze it.
 *
 *   FREE --take--> HELD --(someone sleeps)--> AWAITED --give--> FREE       FREE --freeze--> FROZEN --thaw--> FREE
 *                                              FROZEN --the forking thread takes--> BORROWED --gives--> FROZEN
 *   an object's (heap/named.h):  FROZEN --broken by who waited for seconds--> HELD ;  in a child HELD --thaw--> LOST
 *
 * Holders make no system call, touch no user memory and call nobody back; the one exception is the gate of
 * span/grow.c, which exists to be held over a system call.
 * What is frozen is the forking thread's, which takes and gives it as ever: its own fork handlers allocate. Others
 * sleep until the fork is over, but for a while only: it may be waiting for a stdio lock whose holder is allocating
 * just now. Then lock_take() fails (span/emergency.h says what such a thread does instead). Lock order, outermost
 * first: named, arenas and pools, late, heaps, abandoned slabs, medium, gate, units, emergency. A thread holds one of a
 * kind at a time. */
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
    RANK_LATE,
    RANK_HEAPS,
    RANK_ORPHANS,
    RANK_MEDIUM,
    RANK_GATE,
    RANK_UNITS,
    RANK_EMERGENCY
};

/* A free lock; without its rank where nobody asks for it, so that large structs with a lock are all zero and cost
 * nothing until they are touched. */
#define LOCK_OF(rank) \
    { LOCK_FREE, config_debug ? (rank) : 0 }

bool lock_take_slow(struct lock *lock);
bool lock_spin(struct lock *lock);
void lock_give_slow(struct lock *lock);
enum lock_step { LOCK_ENTERS, LOCK_LEAVES };
void lock_order_check(struct lock *lock, enum lock_step step);

/* The lock order, in debug builds: nothing of it is left in others, not even a call. */
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

/* Take the lock unless that would mean to sleep: for frees, which never wait. */
INLINE bool lock_take_soon(struct lock *lock) {
    return likely(lock_try(lock)) || lock_spin(lock);
}

/* Give the lock; true: it is not given yet, because somebody sleeps or it is borrowed: lock_give_slow() must follow. */
INLINE bool lock_drop(struct lock *lock) {
    uint32_t seen = LOCK_HELD;
    lock_order_leave(lock);
    return unlikely(!cas_alone(lock->word, &seen, LOCK_FREE));
}

/* The calling thread has the lock: what debug_check() asks. True in other builds, where nobody counts. */
bool lock_is_mine(const struct lock *lock);

INLINE void lock_give(struct lock *lock) {
    if (unlikely(lock_drop(lock))) lock_give_slow(lock);
}

/* The calling thread forks from here to there, in the parent and in the child; one thread at a time, others sleep here.
 */
void lock_fork_begin(void);
void lock_fork_end(void);

/* Take the lock for the fork and let everybody else fail at it; undo that, in the parent or in the child. */
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

/* Sleep until no fork is under way, while the calling thread has slept for less than `most` milliseconds on account of
 * the one that is. False: it is not over, or is the caller's own. */
bool lock_await_fork(uint32_t most);
