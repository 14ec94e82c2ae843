/* The heap of one thread (or core): bins, slabs, medium cache; what its owner alone touches, without locks.
 *
 * Per class a heap has one current slab, which fills the bin, and a FIFO of waiting ones. malloc pops from the bin, and
 * free pushes what belongs to the current slab: what was freed last, and is in the processor's cache, is handed out
 * first, and what is allocated together lies together. A block of another slab goes to that slab's own list, so a slab
 * always knows how many of its blocks are out, and is given back when none is. Blocks in a bin count as used. A slab
 * that woke by a free waits at the FIFO's end and gathers more before its turn comes.
 *
 * The current slab is *attached* from when it fills the bin until it is left or the bin is spilled. All blocks of an
 * open slab are out, for its own list is empty; so its count of them is free to count down the frees until the next
 * slow path (slab_used()).
 *
 * A block that is freed into a slab of another heap, or of nobody, can be a *adopted block*: it goes into the bin at
 * once, and its slab goes on counting it as used. A heap invites adopted blocks of a class where that saves most: where
 * a slab whose turn has come has gathered no more than one block, where new slabs must be taken while other threads
 * have free blocks, where other threads free into its own slabs, and where it would itself free into theirs what it is
 * about to need. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "base/lock.h"
#include "slab/purged_pages.h"
#include "span/medium.h"

enum {
    CACHE_BYTES_MAX = 80 * 1024, /* medium blocks up to this are cached: 64 KiB and somebody's header too */
    CACHE_GRANULES_MAX = CACHE_BYTES_MAX / GRANULE_BYTES,
    CACHE_SUM_MIN = (2 << 20) / GRANULE_BYTES, /* granules in all, to begin with */
    CACHE_SUM_MAX = (8 << 20) / GRANULE_BYTES, /* at most; a step in between */
    CACHE_SUM_STEP = (256 << 10) / GRANULE_BYTES,
    CACHES_SUM_MIN =
        (8 << 20) / GRANULE_BYTES, /* of all heaps, while there is more than one; or a 16th of what is in use */
    BORROWED_MAX = 4,              /* blocks of larger classes that a class without a slab gets */
    LENT_BYTES_MIN =
        112, /* slabs are made for lending to several classes: of 112 << k bytes, up to a few blocks a page */
    LENT_BYTES_MAX = 1024,
    RETURNS_MAX = 254,    /* frees into an attached slab, or blocks from the cache, until one counts as a slow path */
    RETURNS_PURGING = 16, /* the same while much memory waits to be purged */
    RETURNS_FRESH = 255,  /* its bin was carved from zero memory, and nothing has returned to it since */
    ADOPTED_MAX = 255,    /* in a bin; and as many as four slabs have blocks */
    EMPTY_SLABS_MIN = 8,  /* empty slabs that every heap may keep for a decay time */
    EMPTY_SLABS_MAX =
        256, /* that one may keep whose classes had none left; in steps, of which there are so many for all heaps */
    EMPTY_SLABS_STEP = 16,
    EMPTY_STEPS_OF_ALL = 32,
};

/* Freed blocks that the hardened build keeps from being handed out for a while. */
enum { QUARANTINE_SHIFT = HEAPALLOC_SAFETY >= 2 ? 5 : 1, QUARANTINE_SLOTS = HEAPALLOC_SAFETY >= 2 ? 1 << 5 : 1 };

enum heap_state {
    HEAP_NONE, /* the heap of a thread that has none yet, or none any more */
    HEAP_LIVE,
    HEAP_PARKED,
    HEAP_LEFT_BY_FORK, /* after fork, in the child: its thread is not here */
};

/* lock: none, its thread's; `state` is read by others
 *   bin[c]: blocks of current[c], and adopted; empty unless attached[c]; attached[c] == current[c] or NULL,
 *   with this bin, an empty list of its own and 0 < used <= RETURNS_FRESH          verify: bins
 *   partial[c]: owned slabs with blocks, remote blocks or room; .count of them    verify: partial
 *   empty_slabs == partial slabs that say SPARE, all empty             verify: empty
 *   quarantine[i]: NULL, or a used block that is cleared and marked              verify: quarantine
 *   cache_max == cache_room + stolen + sum of the cached blocks' granules      verify: cache */
struct heap {
    struct block *bin[CLASS_COUNT];
    uintptr_t secret;   /* same in all heaps; here because it shares the bins' register */
    uint32_t slow_left; /* slow paths until the clock is read again */
    uint32_t empty_slabs;
    uint16_t empty_steps;   /* by which it may keep more */
    uint16_t empty_refused; /* class of the slab that found no room among them last */
    bool purge_pending;     /* much memory waits to be purged (heap/tick.c) */
    uint8_t returns;        /* RETURNS_MAX, or RETURNS_PURGING while purge_pending */
    uint8_t hits_left;      /* blocks that the cache may serve until one is a slow path; 0: the next one is */
    uint64_t tick_ms;       /* when all that is free in it was given back last */
    uint32_t quarter;       /* of the decay time, when its old slabs were */
    enum heap_state state;
    uint32_t cache_room; /* granules that the cache may still take, and in all */
    uint32_t cache_max;
    uint32_t stolen;        /* granules that other threads took out of it, not yet in cache_room; atomic */
    uint32_t cache_refused; /* granules of the block that found no room in it last */
    uint32_t granted;       /* the part of cache_max that all heaps share; atomic */
    uint32_t recent_units;  /* of the largest block that is kept for the next request of its size */
    uint32_t seen_ms;       /* when it looked at the clock last */
    uint32_t still_ticks;   /* how often since the clock moved */
    uint32_t idle_ms;       /* level 1 had nothing to purge then: it has not before the clock moves */
    struct heap *next_all;  /* every heap there ever was */
    struct heap *next_parked;
    struct unit *current[CLASS_COUNT];
    struct unit *attached[CLASS_COUNT]; /* whose blocks free puts into bin[c]: current[c], or NULL */
    struct slab_queue partial[CLASS_COUNT];
    struct unit *recent_large; /* heap/cache.h; these two are atomic */
    struct granule *recent_medium;
    char *cache[CACHE_GRANULES_MAX + 3]; /* the last two are always empty */
    uint32_t share_to[CLASS_COUNT]; /* how many waiting slabs are to be left, while another heap wants some; else 0 */
    uint32_t extra_slabs[CLASS_COUNT];   /* taken while poor ones waited (heap/refill.h), less what was given back */
    uint8_t sparse_refills[CLASS_COUNT]; /* since the class was asked to have one */
    uint8_t adopt_budget[CLASS_COUNT];   /* adopted that bin[c] may still take in */
    uint16_t remote_frees[CLASS_COUNT];  /* blocks freed into slabs that others own, since bin[c] was filled from a
                                            waiting slab */
    bool exchanges[CLASS_COUNT];         /* others have freed into its slabs since it shared some last */
    uint8_t borrowed[CLASS_COUNT];       /* blocks that larger classes served in place of c */
    uint32_t quarantine_random;          /* the hardened build's (heap/hardened.h), as is the next */
    struct block *quarantine[QUARANTINE_SLOTS];
};

extern _Thread_local struct heap *heap_self __attribute__((visibility("hidden"), tls_model("initial-exec")));
extern struct heap heap_none __attribute__((visibility("hidden")));

/* lock: itself
 *   a parked heap has no blocks and no slabs      verify: parked
 *   live == heaps that are LIVE; granted == sum of the heaps'        verify: shares */
struct heaps {
    struct lock lock;
    struct heap *all;        /* atomic */
    struct heap *parked;     /* linked by next_parked, atomic */
    uint32_t left_by_fork;   /* heaps of threads that a fork left behind, until all of their slabs are found */
    uint32_t live;           /* atomic */
    uint32_t granted;        /* granules that caches may keep, once there is more than one heap; atomic */
    uint32_t stolen_quarter; /* of the decay time, when idle heaps' caches were emptied (heap/steal.h) */
    bool threaded;           /* there was a second heap once */
    bool bereft;             /* a fork has left threads behind, and what they had in hand */
    bool single;             /* no heap was made since that fork: there is one thread, or none else that has anything */
};
extern struct heaps heaps __attribute__((visibility("hidden")));

/* The secret of this process's block keys; its lowest bit is set. */
extern uintptr_t heap_secret_word __attribute__((visibility("hidden")));
INLINE uintptr_t heap_secret(void) {
    return heap_secret_word;
}

/* Make the heap an empty one that waits for a thread. */
void heap_park(struct heap *heap);

/* A heap of nobody's, live; NULL: no memory. */
struct heap *heap_create(void);

/* The calling thread's live heap, made if it has none; NULL: no memory, or the thread has ended. */
struct heap *heap_for_thread(void);

/* What may take a lock and needs no heap begins with this: while a thread has none, nothing is arranged for forks. */
INLINE void heap_enter(void) {
    if (unlikely(heap_self->state == HEAP_NONE)) heap_for_thread();
}

/* Put an owned slab at the end of its heap's partial queue; take it out. */
void heap_partial_add(struct heap *heap, struct unit *slab);
void heap_partial_remove(struct heap *heap, struct unit *slab);

INLINE void heap_partial_remove_first(struct heap *heap, struct slab_queue *queue, struct unit *slab) {
    queue->first = slab->next;
    *(slab->next ? &slab->next->prev : &queue->last) = NULL;
    slab->next = NULL;
    queue->count--;
    if (slab->flags & UNIT_EMPTY) heap->empty_slabs--;
    slab->flags &= (uint8_t) ~(UNIT_PARTIAL | UNIT_EMPTY);
}

/* What an attached slab's line says of its bin. */
INLINE char *heap_bin_of(size_t class, const struct heap *heap) {
    return (char *)(uintptr_t)&heap->bin[class] - offsetof(struct unit, free);
}

/* All blocks of the current slab are out or in the bin: frees return to the bin now, `returns` of them until one
 * counts. */
INLINE void heap_attach_slab(struct heap *heap, size_t class, struct unit *slab, uint16_t returns) {
    heap->attached[class] = slab;
    slab->flags |= UNIT_ATTACHED;
    slab->bin = heap_bin_of(class, heap);
    slab->free = BLOCK_END;
    slab->used_blocks = returns;
}

/* The current slab counts its blocks again; they are all out. */
INLINE void heap_detach_slab(struct heap *heap, size_t class) {
    struct unit *slab = heap->attached[class];
    if (!slab) return;
    heap->attached[class] = NULL;
    slab->flags &= (uint8_t)~UNIT_ATTACHED;
    slab->bin = NULL;
    slab->used_blocks = slab->resident_blocks;
}

/* Blocks of a slab that are out. */
INLINE uint32_t slab_used(const struct unit *slab) {
    return racy_load(slab->flags) & UNIT_ATTACHED ? racy_load(slab->resident_blocks) : racy_load(slab->used_blocks);
}

/* How many empty slabs the heap may keep now. */
INLINE uint32_t heap_empty_max(const struct heap *heap) {
    uint32_t most = EMPTY_SLABS_MIN + heap->empty_steps * (uint32_t)EMPTY_SLABS_STEP;
    return most < EMPTY_SLABS_MAX ? most : EMPTY_SLABS_MAX;
}

/* A class takes a new slab, of which one was given back because there was no room for it among the empty ones: there is
 * more from now on, until the bins are spilled. */
void heap_widen_empty(struct heap *heap);

/* Somebody is about to ask a level for memory. When level 1 has nothing that was touched before, what is kept here goes
 * there first: cache_yield(), and the empty slabs where they are more than every heap may keep. */
void heap_yield(struct heap *heap);

/* Fill the bin with all free blocks of its current slab, and hand out the first of them. */
INLINE void heap_fill(struct heap *heap, size_t class, struct unit *slab, struct block *first) {
    heap->bin[class] = first->next;
    heap_attach_slab(heap, class, slab, heap->returns);
    block_clear(first);
}

/* Take in `block` of `class`, freed just now into a slab that is not this heap's. There is room for an adopted block;
 * false: but no current slab. */
INLINE bool heap_adopt(struct heap *heap, size_t class, struct block *block) {
    struct unit *attached = heap->attached[class];
    if (!attached) return false;
    heap->adopt_budget[class]--;
    attached->used_blocks = heap->returns; /* not fresh any more */
    block_link(block, heap->bin[class], heap->secret);
    heap->bin[class] = block;
    return true;
}

/* The next frees of `class` into others' slabs may be adopted blocks. Not where a fork has lost threads: their slabs
 * are counted by keys, which adopted blocks have too. */
INLINE void heap_adopt_enable(struct heap *heap, size_t class) {
    uint32_t blocks = class_shapes[class].capacity_blocks * 4u;
    if (heaps.left_by_fork == 0) heap->adopt_budget[class] = blocks < ADOPTED_MAX ? (uint8_t)blocks : ADOPTED_MAX;
}

/* True when `block`, of a bin whose current slab is `current` or NULL, is an adopted block there. */
INLINE bool heap_is_adopted(const struct unit *current, const struct block *block) {
    return !current || ((uintptr_t)block ^ (uintptr_t)current->memory) >> UNIT_SHIFT;
}

/* The count of an owned slab is 0. It has no used block any more: keep it as a spare, or give it back; it is open: a
 * slow path is due. */
void heap_slab_empty(struct unit *slab, struct heap *heap);

/* Give up an owned slab that is neither current nor waiting: back, without owner, or to the abandoned. */
void heap_disown(struct unit *slab);

/* The same for the first `count` slabs that wait. */
void heap_disown_partial(struct heap *heap, uint32_t class, uint32_t count);

/* Give back the medium cache and the empty slabs. */
void heap_flush(struct heap *heap);

/* Take the first block, which is still a free one, from a bin that is not empty. */
INLINE struct block *heap_unbin(struct heap *heap, uint32_t class) {
    struct block *block = heap->bin[class];
    if (unlikely(!block_is_free(block, heap->secret)))
        check_misuse("malloc", block, "was written to after it was freed: corrupted list");
    heap->bin[class] = block->next;
    return block;
}

/* Put the bins' blocks back into their slabs, and free all adopted blocks again; no more are taken in until
 * heap_adopt_enable(), and no block returns to a bin until it is filled. */
void heap_spill(struct heap *heap);
