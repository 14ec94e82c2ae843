/* A lock of one word that spins shortly, then sleeps; a fork can freeze it.
 *
 *   FREE --take--> HELD --(someone sleeps)--> AWAITED --give--> FREE       FREE --freeze--> FROZEN --thaw--> FREE
 *
 * Holders make no system call, touch no user memory and call nobody back; the one exception is the gate of
 * span/grow.c, which exists to be held over a system call.
 * While frozen, lock_take() fails instead of waiting: the thread that forks may be waiting for a stdio lock whose
 * holder is allocating just now (span/emergency.h says what such a thread does instead).
 * Lock order, outermost first: late, heaps, orphans, medium, gate, units, emergency. A thread holds one of a kind at a time. */
#pragma once
#include "base/alone.h"
#include "base/bits.h"
#include "base/config.h"
#include "base/memory.h"

enum { LOCK_FREE, LOCK_HELD, LOCK_AWAITED, LOCK_FROZEN };

struct lock {
    uint32_t word;
    uint32_t rank; /* place in the lock order, 1 outermost; checked in debug builds */
};

enum { RANK_LATE = 1, RANK_HEAPS, RANK_ORPHANS, RANK_MEDIUM, RANK_GATE, RANK_UNITS, RANK_EMERGENCY };

/* A free lock; without its rank where nobody asks for it, so that large structs with a lock are all zero and cost nothing
 * until they are touched. */
#define LOCK_OF(rank) {LOCK_FREE, config_debug ? (rank) : 0}

bool lock_take_slow(struct lock *lock);
bool lock_spin(struct lock *lock);
void lock_give_slow(struct lock *lock);
void lock_order_check(struct lock *lock, bool enters);

/* The lock order, in debug builds: nothing of it is left in others, not even a call. */
INLINE void lock_order_enter(struct lock *lock) {
    if (config_debug) lock_order_check(lock, true);
}
INLINE void lock_order_leave(struct lock *lock) {
    if (config_debug) lock_order_check(lock, false);
}

/* Take the lock if it is free just now. */
INLINE bool lock_try(struct lock *lock) {
    uint32_t seen = LOCK_FREE;
    if (!alone() && load_relaxed(lock->word) != LOCK_FREE) return false;
    if (!cas_alone(lock->word, &seen, LOCK_HELD)) return false;
    lock_order_enter(lock);
    return true;
}

/* Take the lock, waiting for it; false when a fork has frozen it. */
INLINE bool lock_take(struct lock *lock) {
    return likely(lock_try(lock)) || lock_take_slow(lock);
}

/* Take the lock unless that would mean to sleep: for frees, which never wait. */
INLINE bool lock_take_soon(struct lock *lock) {
    return likely(lock_try(lock)) || lock_spin(lock);
}

/* Give the lock; true: somebody sleeps, lock_give_slow() must follow. */
INLINE bool lock_drop(struct lock *lock) {
    lock_order_leave(lock);
    if (!alone()) return swap_value(lock->word, LOCK_FREE) == LOCK_AWAITED;
    uint32_t seen = lock->word;
    lock->word = LOCK_FREE;
    return seen == LOCK_AWAITED;
}

INLINE void lock_give(struct lock *lock) {
    if (unlikely(lock_drop(lock))) lock_give_slow(lock);
}

/* Take the lock for a fork and let everybody else fail at it; undo that, in the parent or in the child. */
void lock_freeze(struct lock *lock);
void lock_thaw(struct lock *lock);
