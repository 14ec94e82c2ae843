/* The operations of a heap on one slab: collect, release, take, unown, abandon, pop; each is a few of the
 * atomic steps of steps.pml with the plain fields around them. The letters are those of state.pml. */

/* Move the remote frees to `free`; in the implementation the count in the word makes it O(1). */
inline collect(s) {
    take_list(s);
    d_step {
        assert(plain(s));
        q_remote = count(old);
#ifndef BROKEN_COLLECT_NO_COUNT
        assert(used[s] >= q_remote);
        used[s] = used[s] - q_remote;
#endif
        q_link = head(old);
        do
        :: q_link != 0 ->
            q_block = at(s, q_link);
            assert(place[q_block] == REMOTE && q_remote > 0);
            place[q_block] = FREE;
            free_set[s] = free_set[s] | bit(q_link);
            q_link = next_block[q_block];
            next_block[q_block] = 0;
            q_remote--
        :: else -> break
        od;
        assert(q_remote == 0);
        old = 0
    }
}

/* No block of s is live, so no other heap can reach it: it goes to level 1 as it is. */
inline release(s) {
    d_step {
        assert(plain(s) && word[s] == EMPTY_OWNED);
        for (q_block : 1 .. BLOCKS) {
            assert(place[at(s, q_block)] == FREE);
            place[at(s, q_block)] = NOWHERE
        }
        avail[me] = avail[me] & ~bit(s);
        free_set[s] = 0; unkey_all(s); holder[s] = NOBODY; owner[s] = RELEASED;
        level1 = level1 | bit(s)
    }
}

inline take_fresh() {
    d_step {
        s = 1;
        do
        :: level1 & bit(s) -> break
        :: else -> s++
        od;
        level1 = level1 & ~bit(s);
        assert(word[s] == EMPTY_OWNED && holder[s] == NOBODY && used[s] == 0);
        holder[s] = me; owner[s] = me; free_set[s] = ALL; key_all(s);
        for (q_block : 1 .. BLOCKS) {
            assert(place[at(s, q_block)] == NOWHERE);
            place[at(s, q_block)] = FREE
        }
        current[me] = s
    }
}

/* owner first, word second: after the word, s may already be another heap's. */
inline unown(s) {
#ifdef BROKEN_UNOWN_OWNER_LATE
    let_go(s);
    if
    :: ok -> set_owner(s, NOBODY)
    :: else
    fi
#else
    set_owner(s, NOBODY);
    let_go(s);
    if
    :: ok
    :: else -> set_owner(s, me)
    fi
#endif
}

/* Abandon a partial slab:  O . 0 0  =>  . L 0 0;  ok says whether it was done. */
inline abandon(s) {
#ifndef BROKEN_ABANDONED_KEEPS_OWNER         /* the next thread with this heap would believe it */
    set_owner(s, NOBODY);
#endif
#ifdef BROKEN_LINK_UNLOCKED
    swap(s, word[s] == EMPTY_OWNED, LISTED);
    if
    :: ok -> list_link(s)
    :: else
    fi
#elif defined(LINK_LAST)                     /* also correct, for the lock is held */
    lock();
    swap(s, word[s] == EMPTY_OWNED, LISTED);
    if
    :: ok -> list_link(s)
    :: else
    fi;
    unlock()
#elif defined(BROKEN_ABANDONED_STUBBORN)     /* collects and tries again, even when now empty */
    lock();
    list_link(s);
    do
    :: swap(s, word[s] == EMPTY_OWNED, LISTED);
        if
        :: ok -> break
        :: else -> collect(s)
        fi
    od;
    unlock()
#else
    lock();
    list_link(s);
    swap(s, word[s] == EMPTY_OWNED, LISTED);
    if
    :: ok
    :: !ok -> list_unlink(s)                 /* a block was freed: check the slab again */
    :: !ok -> swap(s, true, word[s] ^ (OWNED | LISTED)) /* or abandon it with that block */
    fi;
    unlock()
#endif
}

#ifdef BROKEN_POP_UNLOCKED
#define pop_lock() skip
#define pop_unlock() skip
#else
#define pop_lock() lock()
#define pop_unlock() unlock()
#endif

/* Take the first abandoned slab:  . L h n  =>  O . h n;  s is 0 if there was none. */
inline pop_abandoned() {
    pop_lock();
    s = abandoned_head;
    ok = false;
    do
    :: s != 0 && !ok ->
        old = word[s];
#ifdef BROKEN_POP_UNLOCKED
        if
        :: flags(old) == LISTED -> swap(s, word[s] == old, old ^ (OWNED | LISTED))
        :: else -> s = abandoned_head
        fi
#else
        swap(s, word[s] == old, old ^ (OWNED | LISTED))
#endif
    :: else -> break
    od;
    if
    :: s != 0 -> list_unlink(s)
    :: else
    fi;
    pop_unlock()
}

#ifdef NO_ADOPTION
#define may_adopt false
#else
#define may_adopt (while_whole && adopted[me] == 0)
#endif

/* Adopt block b of a slab that is not mine: no word or field of the slab is touched. */
inline adopt(s, b) {
    d_step {
        assert(place[at(s, b)] == FREEING);
        place[at(s, b)] = ADOPTED;
        key(s, b);
        adopted[me] = 1 << at(s, b);
        ok = false
    }
}

/* Hand out the adopted block of `heap`; returning it to its slab is this and a free. */
inline take_adopted(heap) {
    d_step {
        for (q_slab : 1 .. SLABS) {
            for (q_block : 1 .. BLOCKS) {
                q_adopted = at(q_slab, q_block);
                if
                :: adopted[heap] & (1 << q_adopted) ->
                    assert(place[q_adopted] == ADOPTED);
                    place[q_adopted] = CALLER;
                    unkey(q_slab, q_block)
                :: else
                fi
            }
        }
        adopted[heap] = 0
    }
}
