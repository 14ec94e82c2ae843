/* A model of who may touch a slab, checked by spin; this comment is its README.
 *
 * HEAPS heaps (threads) allocate and free forever, in every order. Any heap may free any live block, abandon a surplus
 * slab, or end and begin anew. Only SLABS and BLOCKS bound the world, so a search that ends has visited every reachable
 * state (OPS bounds one run further). There is one size class; a slab is carved whole; level 1 is one atomic step,
 * because it has its own lock. Steps on the word, the list and `owner` interleave in any way; steps on plain fields are
 * as large as convenient, since each asserts that no other heap may touch them. Memory is sequentially consistent: the
 * model does not check the memory orders of the real atomics.
 *
 * Checked: a block is in one place (caller, bin, adopted, free list, word); none is lost; a slab with free blocks can
 * be found; a slab has one owner, and only it touches the plain fields; a full, unowned slab has no block on its word;
 * a released slab has no live block; no deadlock; no free waits for the lock; all this holds in a child of fork, except
 * for blocks that its missing threads were just working on.
 *
 *     state.pml   the word's letters, the fields, the ghosts
 *     steps.pml   each atomic step, correct and broken
 *     slab.pml    what a heap does to one slab
 *     quiet.pml   what holds when no operation is under way
 *     fork.pml    the child of fork
 *     run.sh      runs all of it; a broken variant that passes is a failure
 *
 * To see how a variant fails: spin -a -DHARM_ONLY -DBROKEN_x ownership.pml, gcc -o pan pan.c,
 * ./pan -m1000000, spin -t -p with the same definitions; ./pan -i looks for a short way there. */

#include "state.pml"
#include "steps.pml"
#include "slab.pml"
#include "fork.pml"
#include "quiet.pml"

/* malloc: an adopted block, or one from the bin; an empty bin takes a whole `free`. Order of refill: the current slab,
 * its word, an avail slab, an abandoned one, a fresh slab. Avail is taken in any order: the model has no policy. */
inline malloc() {
    do
    :: adopted[me] != 0 -> take_adopted(me); break
    :: bin[me] != 0 ->
        d_step {
            b = 1;
            do
            :: bin[me] & bit(b) -> break
            :: else -> b++
            od;
            bin[me] = bin[me] & ~bit(b);
            unkey(current[me], b);
            assert(place[at(current[me], b)] == BIN);
            place[at(current[me], b)] = CALLER
        };
        break
    :: bin[me] == 0 && current[me] != 0 ->
        s = current[me];
        if
        :: free_set[s] != 0 ->
            d_step {                         /* used = carved: blocks in a bin count as used */
                assert(plain(s));
                bin[me] = free_set[s];
                free_set[s] = 0;
                used[s] = BLOCKS;
                for (b : 1 .. BLOCKS) {
                    if
                    :: bin[me] & bit(b) ->
                        assert(place[at(s, b)] == FREE);
                        place[at(s, b)] = BIN
                    :: else
                    fi
                }
            }
        :: free_set[s] == 0 && word[s] == EMPTY_OWNED ->
            unown(s);
            if
            :: ok -> current[me] = 0
            :: else -> collect(s)
            fi
        :: else -> collect(s)
        fi
    :: bin[me] == 0 && current[me] == 0 ->
        if
        :: avail[me] != 0 ->
            if
            :: avail[me] & 1 -> s = 1
            :: avail[me] & 2 -> s = 2
            fi;
            d_step {
                avail[me] = avail[me] & ~bit(s);
                current[me] = s
            }
        :: else ->
            s = 0;
            if
            :: abandoned_head != 0 -> pop_abandoned()
            :: else
            fi;
            if
            :: s != 0 ->
                set_owner(s, me);
                collect(s);
                current[me] = s
            :: atomic { s == 0 && level1 != 0 -> take_fresh() }
            :: s == 0 && level1 == 0 -> break  /* no memory */
#ifdef FORK
            :: s == 0 && forked && owner[1] == LOST_HEAP -> s = 1; recover_mine(s)
#if SLABS >= 2
            :: s == 0 && forked && owner[2] == LOST_HEAP -> s = 2; recover_mine(s)
#endif
#endif
            fi
        fi
    od
}

/* free of a block of a slab that is not mine; in the end ok says that the slab is mine now. */
inline push_elsewhere() {
    do
    :: may_adopt -> adopt(s, b); break
    :: old = word[s];
        if
        :: flags(old) == OWNED ->
            push_owned(s, b);
            if
            :: ok -> ok = false; break
            :: else
            fi
        :: flags(old) == LISTED ->
            if
            :: d_step { abandoned_lock == NOBODY -> abandoned_lock = me };
                old = word[s];
                ok = false;
                if
                :: flags(old) == LISTED -> push(s, b, word[s] == old, OWNED)
                :: else                      /* another heap took it before we had the lock */
                fi;
                if
                :: ok -> list_unlink(s)
                :: else
                fi;
                unlock();
                if
                :: ok -> break
                :: else
                fi
#ifndef BROKEN_FREE_WAITS
            ::                               /* no use for it, or the lock is held: it may stay in the word */
                push_abandoned(s, b);
                if
                :: ok -> ok = false; break
                :: else
                fi
#else
            :: abandoned_lock != NOBODY         /* tries again until the holder runs */
#endif
            fi
        :: old == 0 ->
            if
            :: push_full(s, b)
            :: while_whole -> claim_full(s, b)
            fi;
            if
            :: ok -> break
            :: else
            fi
#ifdef BROKEN_CLAIM_UNMARKED
        :: flags(old) == 0 && old != 0 -> push_full(s, b); break
#endif
        fi
    od
}

#ifdef BROKEN_RELEASE_CURRENT                /* the heap goes on refilling from it */
#define not_current(s) true
#else
#define not_current(s) (current[me] != s)
#endif

inline free() {
#ifdef FORK
    ok = false;
    if
    :: owner[s] != me && !swept ->
        push_lost(s, b);
        if
        :: ok -> goto done                   /* on its word, and no longer ours */
        :: else -> recover_mine(s)
        fi
    :: else
    fi;
#endif
    if
    :: owner[s] == me ->
        d_step {
            assert(plain(s) && place[at(s, b)] == FREEING && used[s] > 0);
            place[at(s, b)] = FREE;
            key(s, b);
            free_set[s] = free_set[s] | bit(b)
        };
        d_step {
            assert(plain(s));
            used[s]--
        };
        if
#ifdef BROKEN_RELEASE_UNCOLLECTED            /* the word's blocks are dead too, but not collected */
        :: used[s] == count(word[s]) && current[me] != s -> used[s] = 0; release(s)
#else
        :: used[s] == 0 && not_current(s) -> release(s)
#endif
        :: else
        fi
    :: else ->
        push_elsewhere();
        if
        :: ok ->                             /* claim */
            set_owner(s, me);
            collect(s);
            if
            :: used[s] == 0 -> release(s)
            :: else -> avail[me] = avail[me] | bit(s)
            fi
        :: else
        fi
    fi
}

/* A slab in none of my lists leaves me: to level 1, unowned, or abandoned. A block that is freed meanwhile may change
 * which, hence the loop. */
inline part_with(s) {
    do
    :: collect(s);
        if
        :: used[s] == 0 -> release(s); break
        :: used[s] != 0 && free_set[s] == 0 -> unown(s)
        :: else -> abandon(s)
        fi;
        if
        :: ok -> break
        :: else
        fi
    od
}

inline part_with_all(set) {
    do
    :: set & 1 -> set = set & ~1; s = 1; part_with(s)
    :: set & 2 -> set = set & ~2; s = 2; part_with(s)
    :: else -> break
    od
}

/* A heap gives up everything: the bin goes back to its slab, the slabs go into `going`. */
inline flush() {
    d_step {
        s = current[me];
        assert(s != 0 || bin[me] == 0);
#ifndef BROKEN_END_FORGETS_BIN
        for (b : 1 .. BLOCKS) {
            if
            :: bin[me] & bit(b) ->
                assert(plain(s) && place[at(s, b)] == BIN);
                place[at(s, b)] = FREE;
                free_set[s] = free_set[s] | bit(b);
                used[s]--
            :: else
            fi
        }
#endif
        going = avail[me] | (s != 0 -> bit(s) : 0);
        bin[me] = 0; avail[me] = 0; current[me] = 0; b = 0; s = 0
    }
}

/* MIDWAY begins in an interesting state, for runs that OPS keeps short: slab 1 is full and unowned, slab 2 abandoned
 * with one block free and the others live. */
#ifdef MIDWAY
bit midway;
inline start() {
    if
    :: d_step { me == 1 ->
        level1 = level1 & ~3;
        owner[1] = NOBODY; word[1] = 0; used[1] = BLOCKS;
        owner[2] = NOBODY; word[2] = LISTED; used[2] = BLOCKS - 1; abandoned_head = 2;
        for (b : 1 .. BLOCKS) {
            place[at(1, b)] = CALLER;
            place[at(2, b)] = CALLER
        }
        place[at(2, 1)] = FREE; free_set[2] = bit(1);
        b = 0; midway = true }
    :: me != 1 && midway
    fi
}
#elif defined(SHARES)
#define start() \
    if \
    :: me == 3 -> \
end_unborn: \
        forked; \
        share() \
    :: me != 3 \
    fi
#else
#define start() skip
#endif

#define freeing(slab, block) \
    :: atomic { place[at(slab, block)] == CALLER && may_begin() -> \
        begin(); place[at(slab, block)] = FREEING; s = slab; b = block }; goto free_it

active [HEAPS] proctype heap() while_alive {
    byte s, b, old, nx, pv, going;
    bit ok;
    start();
end_idle:                                    /* only here may a heap rest */
    do
    :: atomic { has_heap() && may_begin() -> begin() };
        malloc();
        goto done
    freeing(1, 1)
#if BLOCKS >= 2
    freeing(1, 2)
#endif
#if BLOCKS >= 3
    freeing(1, 3)
#endif
#if SLABS >= 2
    freeing(2, 1)
#if BLOCKS >= 2
    freeing(2, 2)
#endif
#if BLOCKS >= 3
    freeing(2, 3)
#endif
#endif
    :: atomic { avail[me] != 0 && may_begin() -> begin() };
                                             /* a surplus slab is abandoned */
        if
        :: avail[me] & 1 -> going = 1
        :: avail[me] & 2 -> going = 2
        fi;
        avail[me] = avail[me] & ~going;
        goto part
    :: atomic { (current[me] != 0 || avail[me] != 0 || adopted[me] != 0) && may_begin() -> begin() };
                                             /* the thread ends; another will use its heap */
        take_adopted(me);
        flush();
        goto part
#ifdef FORK
    :: atomic { fork_possible() && may_begin() -> begin(); fork() };
        goto done
    :: atomic { shares && forked && me == 1 && !swept && all_found() -> swept = true }
#endif
    od;
free_it:
#ifdef HEAPLESS
    if
    :: has_heap() -> free()
    :: else -> free_heapless()
    fi;
#else
    free();
#endif
    goto done;
part:
    part_with_all(going);
done:
progress_done:                               /* no heap can run forever without reaching this */
    leave();
    goto end_idle
}
