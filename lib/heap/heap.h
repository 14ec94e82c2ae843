/* The heap of one thread (or core): bins, slabs, medium cache; what its owner alone touches, without locks.
 *
 * Per class a heap has one current slab, which fills the bin, and a FIFO of partial slabs. malloc pops from the bin,
 * and free pushes blocks of the current slab: what was freed last, and is in the processor's cache, is handed out
 * first, and what is allocated together lies together. A block of another slab goes to that slab's own list, so a slab
 * always knows how many of its blocks are used, and is given back when none is. Blocks in a bin count as used. A full
 * slab that gets a free joins the FIFO's end, and gathers more before its turn comes.
 *
 * The current slab is *attached* from when it fills the bin until it is replaced or the bin is flushed. All blocks of
 * an attached slab count as used, for its own list is empty; so its count can count down the frees until the next slow
 * path instead (slab_used()).
 *
 * A block that is freed into a slab of another heap, or of nobody, can become an *adopted block*: it goes into the bin
 * at once, and its slab goes on counting it as used. A heap adopts blocks of a class where that saves most: where a
 * partial slab has gathered only one block when its turn comes, where new slabs must be taken while other threads have
 * free blocks, where other threads free into its own slabs, and where it would itself free into theirs what it is about
 * to need. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "base/lock.h"
#include "heap/size_class.h"
#include "span/medium.h"

enum {
    CACHE_BYTES_MAX = 80 * 1024, /* medium blocks up to this are cached: enough for 64 KiB and a header */
    CACHE_GRANULES_MAX = CACHE_BYTES_MAX / GRANULE_BYTES,
    CACHE_EXCESS_PART = 8, /* how much larger than requested a block from the cache may be (heap/policy.h) */
    CACHE_LISTS = CACHE_GRANULES_MAX + CACHE_GRANULES_MAX / CACHE_EXCESS_PART + 1,
    RETURNS_FRESH = 255, /* returns_left of an attached slab: its bin was carved from zero memory, nothing returned */
};

/* Where the hardened build keeps freed blocks of slabs for a while: two halves of a row for each class, which lie
 * behind the heap (heap/quarantine.h). */
enum {
    QUARANTINE_CLASSES = HEAPALLOC_SAFETY >= 2 ? CLASS_COUNT : 2, /* from 2 on */
    QUARANTINE_ROWS = HEAPALLOC_SAFETY >= 2 ? CLASS_BYTES_MAX / BLOCK_ALIGN_BYTES + 1 : 1,
    QUARANTINE_HALF_BYTES = 256,
    QUARANTINE_ROW_BYTES = 2 * QUARANTINE_HALF_BYTES,
    QUARANTINE_NEAR_SLOTS = HEAPALLOC_SAFETY >= 2 ? 8 : 1, /* blocks of level 2, of up to 32 KiB */
    QUARANTINE_FAR_SLOTS = HEAPALLOC_SAFETY >= 2 ? 2 : 0,  /* longer ones */
    QUARANTINE_NEAR_BYTES_MAX = 32 << 10,
};

/* The row of a class: where malloc takes its next block, and where free puts one. */
struct quarantine {
    struct block **out;
    struct block **in;
};

/* Whether a block reads as zero. */
enum alloc_fill { ALLOC_ANYHOW, ALLOC_ZEROED };

/* What a heap does that a profiler looks at (heap/sample.h). */
struct sample {
    uint64_t rate;      /* bytes between two allocations that it is told, on average; 0: it looks at none */
    uint64_t random;    /* state of a generator */
    uint64_t wide_left; /* bytes of medium and large blocks until the next */
    void *hit;          /* the block in a bin that is the next of its class; NULL: none is at hand */
    int32_t pace;       /* slow_left, which is 1 meanwhile, so that the inlined slow paths decline */
    bool holds;         /* a call that is under way counts at its end */
    bool at_work;       /* the profiler is at work for this thread: what it allocates is not looked at */
    uintptr_t stack[2]; /* from, to: where the thread's stack was last */
};

/* The slab that the bounded build looks at, to see whether it is idle (heap/scavenge.h). */
struct scavenge {
    struct unit *slab;  /* NULL: none */
    struct block *head; /* its bin's first block, and its count, at the first look */
    uint16_t used_blocks;
    uint16_t blocks_seen; /* blocks */
    uint8_t class;        /* the latest class that had its turn */
};

enum heap_state {
    HEAP_NONE, /* the heap of a thread that has none yet, or none any more */
    HEAP_LIVE,
    HEAP_PARKED,
    HEAP_LEFT_BY_FORK, /* after fork, in the child: its thread is not here */
};

/* lock: none, its thread's; `state` is read by others
 *   bin[c]: blocks of class c's current slab, and adopted; empty unless attached; attached == current or NULL,
 *   with this bin, an empty list of its own and 0 < used <= RETURNS_FRESH          verify: bins
 *   of a sampled heap it may be current without the slab's flag: frees go to the slab's own list
 *   classes[c].partial: owned slabs with blocks, remote blocks or room; .count of them    verify: partial
 *   empty_slabs == partial slabs that say EMPTY, all empty             verify: empty
 *   quarantine[bytes / 16]: in its two halves are used blocks of that size, cleared and marked; `in` is NULL while the
 *   row is closed, as all but quarantine_rows are; quarantine_wide[i]: NULL, or a used block of level 2, marked
 *                                                                                verify: quarantine
 *   cache_max == cache_room + stolen + sum of the cached blocks' granules      verify: cache */
struct heap {
    struct block *bin[CLASS_COUNT];
    uintptr_t secret;  /* same in all heaps; here because it shares the bins' register */
    int32_t slow_left; /* slow paths until the clock is read again; due from 0 on (heap/pace.h) */
    uint32_t empty_slabs;
    uint16_t empty_steps;   /* steps by which it may keep more of them */
    uint16_t empty_refused; /* class of the latest slab that found no room among them */
    bool purge_pending;     /* much memory waits to be purged (heap/tick.c) */
    uint8_t returns;        /* how many frees into an attached slab, or blocks from the cache, count as one slow path */
    uint8_t hits_left;      /* blocks that the cache may serve until one is a slow path; 0: the next one is */
    uint64_t tick_ms;       /* when bins and cache were last given back by a tick */
    uint32_t quarter;       /* of the decay time, in which old slabs were last tidied */
    enum heap_state state;
    uint32_t cache_room; /* granules that the cache may still take, and in all */
    uint32_t cache_max;
    uint32_t stolen;        /* granules that other threads took out of it, not yet in cache_room; atomic */
    uint32_t cache_refused; /* granules of the latest block that found no room in it */
    uint32_t granted;       /* the part of cache_max that comes from what all heaps share; atomic */
    uint32_t recent_units;  /* the size of the largest recent block that it may keep */
    uint32_t seen_ms;       /* its latest reading of the clock */
    uint32_t still_ticks;   /* ticks since the clock last moved */
    uint32_t idle_ms;       /* reading at which level 1 had nothing to purge: nor has it until the clock moves */
    uint32_t pushed_slabs;  /* of others and of nobody, in which a block that it freed was the first to wait */
    struct heap *next_all;  /* links all heaps that were ever made */
    struct heap *next_parked;
    struct heap **alert_place; /* its thread's heap_fast, until it is alerted (heap/alert.h); atomic */
    struct unit *recent_large; /* heap/cache.h; these two are atomic */
    struct granule *recent_medium;
    char *cache[CACHE_LISTS]; /* by granules; those above CACHE_GRANULES_MAX are always empty */
    struct size_class classes[CLASS_COUNT];
    uint8_t zoned_wide[4];      /* as size_class.zoned, of 4 to 8 KiB, to 16, to 32, to 64 */
    uint64_t quarantine_random; /* the hardened build's (heap/quarantine.h), as are the next three */
    uint32_t quarantine_rows;   /* that are open */
    struct block *quarantine_wide[QUARANTINE_NEAR_SLOTS + QUARANTINE_FAR_SLOTS];
    struct quarantine quarantine[QUARANTINE_ROWS];
    struct sample sample;
    struct scavenge scavenge;
    uint64_t available; /* bounded build: a bit for each class that has a partial slab, or a current one with more */
};

/* Bytes that a heap takes with the rows behind it. */
enum {
    HEAP_ROWS_BYTES = (QUARANTINE_CLASSES - 2) * QUARANTINE_ROW_BYTES,
    HEAP_ROWS_ALIGN_BYTES = HEAP_ROWS_BYTES ? QUARANTINE_ROW_BYTES : 64,
    HEAP_AREA_BYTES =
        (sizeof(struct heap) + HEAP_ROWS_ALIGN_BYTES - 1) / HEAP_ROWS_ALIGN_BYTES * HEAP_ROWS_ALIGN_BYTES +
        HEAP_ROWS_BYTES,
};

extern struct block *const quarantine_none[1] __attribute__((visibility("hidden"))); /* `out` of an empty row */

extern _Thread_local struct heap *heap_self __attribute__((visibility("hidden"), tls_model("initial-exec")));

/* What the fast paths use: heap_self, or heap_none once another thread has alerted this one (heap/alert.h); atomic. */
extern _Thread_local struct heap *heap_fast __attribute__((visibility("hidden"), tls_model("initial-exec")));
extern struct heap heap_none __attribute__((visibility("hidden")));

/* In place of heap_self when the thread's last destructor has run: it gets no heap any more. Fast paths never see it.
 */
extern struct heap heap_ended __attribute__((visibility("hidden")));

/* lock: itself
 *   a parked heap has no blocks and no slabs      verify: parked
 *   live == number of LIVE heaps; granted == sum of the heaps'       verify: shares */
struct heaps {
    struct lock lock;
    struct heap *all;        /* atomic */
    struct heap *parked;     /* linked by next_parked, atomic */
    uint32_t left_by_fork;   /* heaps of threads that a fork left behind, until all of their slabs are found */
    uint32_t live;           /* atomic */
    uint32_t granted;        /* granules that caches were granted, once there is more than one heap; atomic */
    uint32_t stolen_quarter; /* of the decay time, in which idle heaps' caches were emptied (heap/steal.h) */
    uint32_t ended_units;    /* with free blocks, that threads left when they ended (heap/alert.h); atomic */
    uint32_t ended_ms;       /* when the last one did; atomic */
    bool alerted;            /* every heap knows, or was alerted, that memory waits to be purged; atomic */
    bool threaded;           /* there was a second heap once */
    bool has_lost_threads;   /* a fork has left threads behind, and the blocks that they had in hand */
    bool single;             /* no heap was made since that fork: no second thread has blocks */
    bool reuses_at_once;     /* a request of less than a MiB found no memory once, or the program reserved memory: the
                                hardened build keeps no larger blocks from being used again at once; atomic */
    bool has_larger_blocks;  /* one was longer than any request for it, because there was no memory for a shorter one:
                                a size that is too small proves nothing any more; atomic */
};
extern struct heaps heaps __attribute__((visibility("hidden")));

/* The secret of this process's block keys; its lowest bit is set. */
extern uintptr_t heap_secret_word __attribute__((visibility("hidden")));
INLINE uintptr_t heap_secret(void) {
    return heap_secret_word;
}

extern uintptr_t hardened_secret __attribute__((visibility("hidden"))); /* drawn with the first heap */

/* True when blocks end in a canary, and freed ones wait in a quarantine (heap/quarantine.h). */
INLINE bool hardened(void) {
    return config_safety >= SAFETY_HARDENED && !config_valgrind;
}

/* True when no block has returned to the attached slab since its bin was carved from zero memory. */
INLINE bool slab_is_fresh(const struct unit *slab) {
    return slab->returns_left == RETURNS_FRESH;
}

/* Used blocks of a slab, those in a bin included. */
INLINE uint32_t slab_used(const struct unit *slab) {
    return load_relaxed(slab->flags) & UNIT_ATTACHED ? load_relaxed(slab->resident_blocks)
                                                     : load_relaxed(slab->used_blocks);
}
