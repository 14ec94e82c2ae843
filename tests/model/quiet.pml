/* The invariants that hold whenever no heap is inside an operation.
 *
 * quiet_slab  every block is in exactly the place its slab says; used, count and list agree;
 *             the slab is in one of four states, and its free blocks are reachable in that state
 * quiet_list  the abandoned list is well linked and holds exactly the LISTED slabs
 * Everything runs inside one d_step. */

inline quiet_blocks() {
    q_free = 0; q_bin = 0; q_remote = 0; q_found = 0;
    for (q_block : 1 .. BLOCKS) {
        q_link = at(q_slab, q_block);
        if
        :: place[q_link] == FREE -> q_free = q_free | bit(q_block)
        :: place[q_link] == BIN -> q_bin = q_bin | bit(q_block); q_found++
        :: place[q_link] == REMOTE -> q_remote = q_remote | bit(q_block); q_found++
        :: place[q_link] == CALLER || place[q_link] == LOST || place[q_link] == ADOPTED -> q_found++
        :: place[q_link] == NOWHERE -> assert(owner[q_slab] == RELEASED)
        :: else -> assert(false)             /* a free() has ended and its block is in no place */
        fi
    }
    q_link = head(word[q_slab]); q_block = 0;
    do
    :: q_link != 0 ->
        assert(q_remote & bit(q_link));      /* also ends the walk of a circular list */
        q_remote = q_remote & ~bit(q_link);
        q_block++;
        q_link = next_block[at(q_slab, q_link)]
    :: else -> break
    od;
    assert(q_remote == 0);                   /* no block lost from the list */
    assert(q_block == count(word[q_slab]));
    assert(q_free == free_set[q_slab]);
    assert(q_found == used[q_slab])
}

inline quiet_slab() {
    quiet_blocks();
    q_found = 0;
    for (q_heap : 1 .. HEAPS) {
        if
        :: current[q_heap] == q_slab ->
            q_found++;
            assert(owner[q_slab] == q_heap && q_bin == bin[q_heap])
        :: else
        fi;
        if
        :: avail[q_heap] & bit(q_slab) ->
            q_found++;
            assert(owner[q_slab] == q_heap && q_bin == 0 && q_free != 0)
        :: else
        fi
    }
    if
    :: owner[q_slab] == RELEASED ->          /* at level 1: no block, nothing on the word */
        assert(level1 & bit(q_slab));
        assert(word[q_slab] == EMPTY_OWNED && holder[q_slab] == NOBODY && q_found == 0)
    :: flags(word[q_slab]) == OWNED ->       /* one heap owns it, and can find it */
        assert(q_found == 1 && owner[q_slab] == holder[q_slab] && holder[q_slab] != NOBODY)
    :: flags(word[q_slab]) == LISTED && owner[q_slab] != RELEASED ->
        assert(q_found == 0 && q_bin == 0 && owner[q_slab] == NOBODY);
        assert(holder[q_slab] == NOBODY);
        assert(used[q_slab] != 0);           /* an empty one would stay there forever */
        q_listed++
    :: word[q_slab] == 0 && owner[q_slab] != RELEASED ->  /* full: no free block is forgotten */
        assert(q_found == 0 && q_bin == 0 && owner[q_slab] == NOBODY);
        assert(holder[q_slab] == NOBODY);
        assert(used[q_slab] == BLOCKS)
    :: else -> assert(false)
    fi
}

inline quiet_list() {
    q_slab = abandoned_head; q_prev = 0;
    do
    :: q_slab != 0 ->
        assert(q_listed != 0 && flags(word[q_slab]) == LISTED && abandoned_prev[q_slab] == q_prev);
        q_listed--;
        q_prev = q_slab;
        q_slab = abandoned_next[q_slab]
    :: else -> break
    od;
    assert(q_listed == 0 && abandoned_lock == 0)
}

/* Begin an operation; with OPS only so many are begun in all. */
#ifdef OPS
byte fuel = OPS;
#define may_begin() (fuel > 0 && may_run())
#define begin() busy++; fuel--
#else
#define may_begin() may_run()
#define begin() busy++
#endif

/* End an operation; the last heap to finish checks the world. */
inline leave() {
    d_step {
        busy--;
        if
        :: busy == 0 ->
            q_listed = 0;
            for (q_slab : 1 .. SLABS) {
                if
                :: is_lost(q_slab)
                :: else -> quiet_slab()
                fi
            }
            quiet_list()
        :: else
        fi;
        s = 0; b = 0; old = 0; ok = 0
    }
}
