/* fork: heap 1 forks at any moment, and from there the model is the child.
 *
 * Heap 2 stops wherever it is (the copy is one cut through all threads), but not inside the list of abandoned slabs,
 * whose lock the forking thread holds. Heap 3 is a thread that the child starts; with HEAPLESS it has no heap any more
 * and only frees. The lists of heap 2's slabs are not trusted: a heap that finds one takes it through `owner` and finds
 * the free blocks by their keys, which a block has from being linked into a list until it is handed out. Blocks that
 * heap 2 was just working on are lost, and so are its adopted block and the slabs it was just taking or leaving. Heap 1
 * returns its own adopted block first. All checks go on in the child.
 *
 * Until heap 3 begins, heap 1 pushes to heap 2's slabs as to any other; heap 3 waits for a push that has begun, because
 * it may count that block. When a sweep has found that no slab is heap 2's, or being counted, the child is an ordinary
 * process: frees no longer look for slabs to take, and blocks may be adopted. */

#define SALVAGING 254                        /* owner of a slab while its blocks are counted */
#define LOST_HEAP 2

#ifdef SHARES                                /* with both of these, which make many states more */
#define shares true
#else
#define shares false
#endif

#ifdef FORK
bit forked, single, pushing, swept;
#define is_lost(s) (forked && holder[s] == LOST_HEAP)
#define may_run() (me != 3 || forked)
#define while_alive provided (!forked || me != LOST_HEAP)
#define while_whole (!forked || swept)       /* the short path of free: no thread is missing, or the sweep is over */
#ifdef HEAPLESS
#define has_heap() (me != 3)
#else
#define has_heap() true
#endif
#else
#define is_lost(s) false
#define swept false
#define may_run() true
#define while_alive
#define while_whole true
#define has_heap() true
#endif

#ifdef BROKEN_FORK_UNLOCKED
#define fork_possible() (me == 1 && !forked)
#else
#define fork_possible() (me == 1 && !forked && abandoned_lock == NOBODY)
#endif

inline fork() {
    d_step {
        forked = true;
        single = true;
        busy = 1;
        adopted[LOST_HEAP] = 0; bin[LOST_HEAP] = 0; current[LOST_HEAP] = 0; avail[LOST_HEAP] = 0;
        for (q_slab : 1 .. SLABS) {
            for (q_block : 1 .. BLOCKS) {
                if
                :: place[at(q_slab, q_block)] == FREEING -> place[at(q_slab, q_block)] = LOST
                :: else
                fi
            }
        }
        q_slab = 0
    };
#ifndef BROKEN_FORK_KEEPS_ADOPTED            /* whose key would have them counted as free */
    take_adopted(1)
#endif
}

/* Heap 3 begins: heap 1 pushes no more, and no push is under way. */
inline share() {
    single = false;
#ifndef BROKEN_FORK_SHARES_AT_ONCE
    !pushing
#endif
}

/* Heap 1 frees block b of a slab of heap 2; ok: it is on the slab's word. */
inline push_lost(s, b) {
    ok = false;
    if
    :: shares && forked && me == 1 && single && owner[s] == LOST_HEAP ->
        pushing = true;
        do
        :: single && !ok -> old = word[s]; push_owned(s, b)
        :: else -> break
        od;
        old = 0;
        pushing = false
    :: else
    fi
}

#ifdef BROKEN_FORK_SWEEP_HURRIES             /* a slab that is being counted is not found yet */
#define is_found(s) (owner[s] != LOST_HEAP)
#else
#define is_found(s) (owner[s] != LOST_HEAP && owner[s] != SALVAGING)
#endif
#if SLABS >= 2
#define all_found() (is_found(1) && is_found(2))
#else
#define all_found() is_found(1)
#endif

/* Blocks with a key are free, wherever they were; all others count as used. */
inline recount(s) {
    d_step {
        assert(plain(s));
        free_set[s] = 0;
        used[s] = BLOCKS;
        for (q_block : 1 .. BLOCKS) {
            q_link = at(s, q_block);
            if
            :: keyed[s] & bit(q_block) ->
                assert(place[q_link] != CALLER && place[q_link] != FREEING);
                place[q_link] = FREE;
                next_block[q_link] = 0;
                free_set[s] = free_set[s] | bit(q_block);
                used[s]--
            :: else
            fi
        }
        q_link = 0
    }
}

/* Take a slab whose owner is heap 2: ok, and s is held, its `owner` still SALVAGING. */
inline recover(s) {
    do
    :: d_step { owner[s] != SALVAGING -> old = owner[s] };  /* not while another counts it */
        if
        :: forked && old == LOST_HEAP ->
            d_step {
                ok = (owner[s] == LOST_HEAP);
                if
                :: ok ->
                    assert(holder[s] == LOST_HEAP && flags(word[s]) == OWNED);
                    owner[s] = SALVAGING;
                    holder[s] = me
                :: else
                fi
            };
            if
            :: ok -> break
            :: else
            fi
        :: else -> ok = false; break
        fi
    od;
    old = 0;
    if
    :: ok ->
#ifdef BROKEN_FORK_TRUSTS_LISTS              /* `free` and `used` as they are in the copy */
        collect(s)
#else
        word[s] = EMPTY_OWNED;               /* an exchange; those blocks have keys */
        recount(s)
#endif
    :: else
    fi
}

/* A thread with a heap: the slab is one of its avail slabs then. */
inline recover_mine(s) {
    recover(s);
    if
    :: ok ->
        avail[me] = avail[me] | bit(s);
        set_owner(s, me);
        ok = false
    :: else
    fi
}

/* A thread without a heap frees block b of s: a slab that it takes it passes on at once. */
inline free_heapless() {
#ifdef BROKEN_FORK_HEAPLESS_PUSHES           /* another may count that block by its key meanwhile */
    ok = false;
#else
    recover(s);
#endif
    if
    :: ok ->
        d_step {
            assert(plain(s) && place[at(s, b)] == FREEING);
            place[at(s, b)] = FREE;
            key(s, b);
            free_set[s] = free_set[s] | bit(b);
            used[s]--
        };
        ok = true
    :: else -> push_elsewhere()
    fi;
    if
    :: ok -> part_with(s)
    :: else
    fi
}
