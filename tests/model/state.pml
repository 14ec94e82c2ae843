/* The state of the model: the remote word and its letters, the plain fields, the ghost variables.
 *
 * The word `remote` of a slab, here one byte (the real one has 11 bits for h and n):
 *
 *     . . n n h h L O     O  OWNED: a heap may touch the plain fields
 *                         L  LISTED: the slab is in the list of abandoned slabs (never together with O)
 *                         h  first block of the list of remote frees, 0 = none
 *                         n  number of blocks on that list
 *
 *     O . . .   owned by a heap                 . L . .   abandoned: partial, in the list
 *     . . 0 0   full, unowned, in no list: the next free must take it
 *
 * Slabs, blocks and heaps count from 1; 0 is "none". Sets of blocks are bit masks, because the
 * order of the owner's private lists cannot matter; the list in the word is a real linked list,
 * since its head is what the compare-and-swap compares. */

#ifndef HEAPS
#define HEAPS 2
#endif
#ifndef SLABS
#define SLABS 2
#endif
#ifndef BLOCKS
#define BLOCKS 2                             /* blocks of a slab, at most 3 (2 bits) */
#endif

#define OWNED 1
#define LISTED 2
#define EMPTY_OWNED OWNED                    /* owned, no block on the list */
#define head(w) (((w) >> 2) & 3)
#define count(w) (((w) >> 4) & 3)
#define pushed(w, flags, b) ((flags) | ((b) << 2) | ((count(w) + 1) << 4))
#define flags(w) ((w) & (OWNED | LISTED))

#define bit(b) (1 << ((b) - 1))
#define ALL ((1 << BLOCKS) - 1)
#define at(s, b) (((s) - 1) * BLOCKS + (b) - 1)
#define me (_pid + 1)                        /* the heap that runs this line */
#define NOBODY 0
#define RELEASED 255                         /* sentinel owner of a slab given to level 1 */

/* The variables of the implementation. */
byte word[SLABS + 1] = EMPTY_OWNED;          /* the atomic word */
byte next_block[SLABS * BLOCKS];             /* link inside a block on the word's list */
byte owner[SLABS + 1] = RELEASED;            /* written by the owner, read by all */
byte free_set[SLABS + 1];                    /* `free` */
byte keyed[SLABS + 1];                       /* blocks whose key says "free", see fork.pml */
byte used[SLABS + 1];                        /* carved blocks not on `free` */
byte current[HEAPS + 1];                     /* slab the heap refills from */
byte avail[HEAPS + 1];                       /* set of owned slabs with free blocks */
byte bin[HEAPS + 1];                         /* set of blocks of `current` */
byte adopted[HEAPS + 1];                       /* adopted blocks of any slab, as bits of `place`: here at most one */
byte level1 = (1 << SLABS) - 1;              /* set of unused slabs */
byte abandoned_lock;                            /* the heap that holds it */
byte abandoned_head, abandoned_next[SLABS + 1], abandoned_prev[SLABS + 1];

/* Ghost variables: the truth that the checks compare with; no transition of the protocol reads them. */
byte holder[SLABS + 1];                      /* heap that set OWNED */
mtype = { NOWHERE, FREE, BIN, ADOPTED, CALLER, FREEING, REMOTE, LOST };
mtype place[SLABS * BLOCKS] = NOWHERE;       /* the one place a block is in */
byte busy;                                   /* heaps inside an operation */

#ifdef FORK
#define key(s, b) keyed[s] = keyed[s] | bit(b)
#define unkey(s, b) keyed[s] = keyed[s] & ~bit(b)
#define key_all(s) keyed[s] = ALL
#define unkey_all(s) keyed[s] = 0
#else
#define key(s, b) skip
#define unkey(s, b) skip
#define key_all(s) skip
#define unkey_all(s) skip
#endif

/* Scratch, for use inside one d_step: no part of the state. */
hidden byte q_slab, q_block, q_link, q_listed, q_heap, q_found, q_free, q_bin, q_remote, q_prev, q_adopted;

/* Only the holder may touch the plain fields, only the lock's holder the list. With HARM_ONLY these two rules are not
 * asserted, so that a broken variant must do real damage to be caught. */
#ifdef HARM_ONLY
#define plain(s) true
#define owned(s) true
#define unheld(s) true
#define listing() true
#else
#define plain(s) (holder[s] == me)
#define owned(s) (flags(word[s]) == OWNED)
#define unheld(s) (holder[s] == NOBODY)
#define listing() (abandoned_lock == me)
#endif
