/* The atomic steps on the word, and their broken variants.
 *
 * `swap` is every compare-and-swap of the protocol: it sets `ok`, and moves the ghost `holder`
 * with the OWNED bit. The correct step follows each broken variant. */

inline swap(s, match, to) {
    d_step {
        ok = (match);
        if
        :: ok ->
            if
            :: !(word[s] & OWNED) && ((to) & OWNED) -> assert(unheld(s)); holder[s] = me
            :: (word[s] & OWNED) && !((to) & OWNED) -> assert(plain(s)); holder[s] = NOBODY
            :: else
            fi;
            word[s] = to
        :: else
        fi
    }
}

/* Put block b in front of the list that `old` shows and set the flags:
 *     keep h n L O  =>  b n+1 flags       only if the word still is `old`                      */
inline push(s, b, match, new_flags) {
#ifdef FORK
    key(s, b);                               /* linking sets the key, visible to all (fork.pml) */
#endif
    d_step {
        assert(place[at(s, b)] == FREEING);
        next_block[at(s, b)] = head(old);
        swap(s, match, pushed(old, new_flags, b));
        if
        :: ok -> place[at(s, b)] = REMOTE
        :: else -> next_block[at(s, b)] = 0  /* nobody has seen the link: clear it */
        fi
    }
}

/* A heap frees into a full, unowned slab:  . . 0 0  =>  O . b 1 */
inline push_full(s, b) {
#ifdef BROKEN_CLAIM_STORE                    /* a plain store: two heaps may both "claim" */
    push(s, b, true, OWNED)
#elif defined(BROKEN_CLAIM_UNMARKED)         /* pushes, but does not take the slab */
    push(s, b, word[s] == old, 0)
#else
    push(s, b, word[s] == old, OWNED)
#endif
}

/* The same, taking the slab first:  . . 0 0  =>  O . 0 0,  and then freeing into it as its owner */
inline claim_full(s, b) {
#ifdef BROKEN_CLAIM_FULL_STORE               /* without checking again: another may have claimed it */
    swap(s, true, EMPTY_OWNED);
#else
    swap(s, word[s] == 0, EMPTY_OWNED);
#endif
    if
    :: ok ->
        d_step {
            assert(plain(s) && place[at(s, b)] == FREEING && free_set[s] == 0);
            place[at(s, b)] = FREE;
            key(s, b);
            free_set[s] = bit(b);
            used[s]--
        };
        ok = true
    :: else
    fi
}

/* Frees into an abandoned slab without the lock:  . L h n  =>  . L b n+1 */
inline push_abandoned(s, b) {
#ifdef BROKEN_CLAIM_UNLOCKED                 /* takes the slab but leaves it in the list */
    push(s, b, word[s] == old, OWNED)
#else
    push(s, b, word[s] == old, LISTED)
#endif
}

/* Frees into a slab that another heap owns:  O . h n  =>  O . b n+1 */
inline push_owned(s, b) {
#ifdef BROKEN_PUSH_STORE                     /* a plain store: resurrects what was collected */
    push(s, b, true, OWNED)
#else
    push(s, b, word[s] == old, OWNED)
#endif
}

/* The owner releases a full slab:  O . 0 0  =>  . . 0 0,  only if nothing was pushed meanwhile */
inline let_go(s) {
#ifdef BROKEN_UNOWN_STORE                    /* without checking again: a push in between is lost */
    swap(s, true, 0)
#elif defined(BROKEN_UNOWN_FLAG_ONLY)        /* checks OWNED, clears it, keeps the list */
    swap(s, word[s] & OWNED, word[s] & ~OWNED)
#else
    swap(s, word[s] == EMPTY_OWNED, 0)
#endif
}

/* The owner takes the list:  O . h n  =>  O . 0 0,  an exchange; `old` is the previous word */
inline take_list(s) {
#ifdef BROKEN_COLLECT_TWO_STEPS              /* load, then store: a push in between is lost */
    old = word[s];
    word[s] = EMPTY_OWNED
#else
    d_step {
        assert(plain(s) && owned(s));
        old = word[s];
        word[s] = EMPTY_OWNED
    }
#endif
}

inline set_owner(s, heap) {
    d_step {
        assert(plain(s));
        owner[s] = heap
    }
}

inline lock() {
    d_step { abandoned_lock == NOBODY -> abandoned_lock = me }
}

inline unlock() {
    d_step {
        assert(abandoned_lock == me);
        abandoned_lock = NOBODY
    }
}

/* Reading and writing the list are two steps, as in memory; only the lock makes them one. */
inline list_link(s) {
    d_step {
        assert(listing());
        nx = abandoned_head
    };
    d_step {
        abandoned_next[s] = nx;
        abandoned_prev[s] = 0;
        if
        :: nx != 0 -> abandoned_prev[nx] = s
        :: else
        fi;
        abandoned_head = s; nx = 0
    }
}

inline list_unlink(s) {
    d_step {
        assert(listing());
        nx = abandoned_next[s];
        pv = abandoned_prev[s]
    };
    d_step {
        if
        :: pv != 0 -> abandoned_next[pv] = nx
        :: else -> abandoned_head = nx
        fi;
        if
        :: nx != 0 -> abandoned_prev[nx] = pv
        :: else
        fi;
        abandoned_next[s] = 0; abandoned_prev[s] = 0; nx = 0; pv = 0
    }
}
