/* The lock of lib/base/lock.c: it spins, sleeps, is frozen by a fork, and lent to the forking thread.
 *
 * HEAPS threads take and give it BLOCKS times each, while another forks so often, and takes the lock in its handlers.
 * Checked: nobody is in it beside another; nobody but the forking thread while it is frozen; no sleeper is forgotten (a
 * deadlock); at the end it is free. A read, a store, and a compare-and-swap are a step each. A thread that meets a
 * frozen lock may give up at any time, as its patience with forks is bounded. */
/* SPDX-License-Identifier: MIT */

#define THREADS HEAPS
#define ROUNDS BLOCKS

mtype = { FREE, HELD, AWAITED, FROZEN, BORROWED };

mtype word = FREE;
bool asleep[THREADS + 1]; /* in the kernel, for the word; the last is the forking thread's */
byte inside;              /* threads that have the lock */
bool frozen;              /* between freezing and thawing */

#define FORKER THREADS

inline enter() {
    atomic {
        inside++;
        assert(inside == 1);
        assert(!frozen || self == FORKER)
    }
}

inline leave() {
    inside--
}

/* The kernel compares and sleeps in one step; what it was asked to compare with is AWAITED. */
inline futex_wait() {
#ifdef BROKEN_WAIT_UNCHECKED
    asleep[self] = true;
    !asleep[self]
#else
    atomic {
        if
        :: word == AWAITED -> asleep[self] = true
        :: else
        fi
    }
    !asleep[self]
#endif
}

inline wake_one() {
    atomic {
        if
        :: asleep[0] -> asleep[0] = false
        :: asleep[1] -> asleep[1] = false
#if HEAPS > 2
        :: asleep[2] -> asleep[2] = false
#endif
        :: asleep[FORKER] -> asleep[FORKER] = false
        :: else
        fi
    }
}

inline wake_all() {
    d_step {
        asleep[0] = false;
        asleep[1] = false;
#if HEAPS > 2
        asleep[2] = false;
#endif
        asleep[FORKER] = false
    }
}

/* taken: false when a fork has the lock. `slept` tells that a wake was used up. */
inline take() {
    taken = false;
    slept = false;
    if
    :: atomic { word == FREE -> word = HELD; taken = true }
    :: true /* somebody was faster, or it was not seen to be free while spinning */
    fi;
    do
    :: taken -> break
    :: else ->
        atomic {
            seen = word;
            if
            :: word == FREE ->
#ifdef BROKEN_TAKE_FORGETS_OTHERS
                word = HELD;
#else
                word = AWAITED; /* others may sleep, too */
#endif
                taken = true
#ifdef BROKEN_FROZEN_IS_TAKEN
            :: word == FROZEN -> word = AWAITED; taken = true
#endif
            :: else
            fi
        }
        if
        :: taken
        :: !taken && (seen == FROZEN || seen == BORROWED) ->
#ifndef BROKEN_FROZEN_WAKES_NOBODY
            if
            :: slept -> wake_all()
            :: else
            fi;
#endif
            slept = false;
            if
            :: word != FROZEN && word != BORROWED
            :: break /* it has waited long enough */
            fi
        :: !taken && seen == HELD ->
            atomic {
                if
                :: word == HELD -> word = AWAITED; seen = AWAITED
                :: else
                fi
            }
            if
            :: seen == AWAITED -> futex_wait(); slept = true
            :: else
            fi
        :: !taken && seen == AWAITED -> futex_wait(); slept = true
        fi
    od
}

inline give() {
    released = false;
#ifdef BROKEN_GIVE_STORES
    word = FREE; released = true;
#else
    atomic {
        if
        :: word == HELD -> word = FREE; released = true
        :: else
        fi
    }
#endif
    if
    :: released
#ifndef BROKEN_BORROWED_GOES_FREE
    :: !released && word == BORROWED -> word = FROZEN
    :: !released && word != BORROWED ->
#else
    :: !released ->
#endif
        word = FREE;
#ifndef BROKEN_GIVE_WAKES_NOBODY
        wake_one()
#endif
    fi
}

/* When all others have ended; the first process, as spin lets none end before those that began later. */
active proctype end() {
    _nr_pr == 1 -> assert(word == FREE && inside == 0)
}

active [THREADS] proctype thread() {
    byte self = _pid - 1, round = 0;
    bool taken, slept, released;
    mtype seen;
    do
    :: round < ROUNDS ->
        take();
        if
        :: taken -> enter(); leave(); give()
        :: else
        fi;
        round++
    :: else -> break
    od
}

/* Freezes the lock when it has it; then it lends it to its own handlers, and thaws it. */
inline freeze() {
    do
    :: take();
        if
        :: taken -> break
        :: else
        fi
    od;
    enter();
    d_step { leave(); seen = word; word = FROZEN; frozen = true }
    if
#ifndef BROKEN_FREEZE_WAKES_NOBODY
    :: seen == AWAITED -> wake_all()
#endif
    :: else
    fi
}

inline borrow() {
    atomic { word == FROZEN -> word = BORROWED }
    enter();
    leave();
    give()
}

inline thaw() {
    d_step { frozen = false; word = FREE }
}

active proctype forker() {
    byte self = FORKER, round = 0;
    bool taken, slept, released;
    mtype seen;
    do
    :: round < ROUNDS ->
        freeze();
        if
        :: borrow()
        :: true
        fi;
        thaw();
        round++
    :: else -> break
    od
}
