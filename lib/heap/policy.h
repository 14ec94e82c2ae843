/* What the heap decides by measurement rather than by rule: each question once, with its constants.
 * Each names the decision (docs/decisions) that has the measurement. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "engine/classes.h"
#include "heap/heap.h"

/* How many frees into an attached slab, or blocks from the cache, count as one slow path; fewer while much memory
 * waits to be purged (decisions 016, 089). */
enum { RETURNS_MAX = 254, RETURNS_PURGING = 16 };

/* A partial slab is sparse if it has gathered only a few blocks when its turn comes: each turn costs a claim and a
 * refill, in a large heap for a single block. After several of them the class gets an extra slab, so that the others
 * gather more; up to one for EXTRA_PART that wait (decision 022). */
enum { SPARSE_PART = 32, SPARSE_BLOCKS_MAX = 8, SPARSE_REFILLS_MAX = 4, EXTRA_PART = 12 };

INLINE bool policy_is_sparse(const struct unit *slab) {
    uint32_t few = class_shapes[slab->class].capacity_blocks / SPARSE_PART;
    return (uint32_t)(slab->resident_blocks - slab->used_blocks) < (few < SPARSE_BLOCKS_MAX ? few : SPARSE_BLOCKS_MAX);
}

/* True when so many partial slabs were sparse that this one is left to wait; counts the sparse ones. */
INLINE bool policy_passes_over(struct size_class *of, const struct unit *slab) {
    return unlikely(policy_is_sparse(slab)) && of->sparse_refills++ >= SPARSE_REFILLS_MAX;
}

INLINE bool policy_wants_extra(const struct size_class *of) {
    return !config_bounded && of->extra_slabs < of->partial.count / EXTRA_PART;
}

/* A heap that frees many blocks into others' slabs adopts what it frees next (decision 027), up to the blocks of four
 * slabs (decision 021). */
enum { REMOTE_FREES_MANY = 16, ADOPTED_MAX = 255, ADOPTED_SLABS = 4 };

INLINE bool policy_frees_much_remotely(const struct size_class *of) {
    return of->remote_frees >= REMOTE_FREES_MANY;
}

INLINE uint8_t policy_adopt_budget(size_t class) {
    uint32_t blocks = class_shapes[class].capacity_blocks * (uint32_t)ADOPTED_SLABS;
    return blocks < ADOPTED_MAX ? (uint8_t)blocks : ADOPTED_MAX;
}

/* How many of `count` partial slabs a heap keeps when another one wants some, and how many it shares at a time
 * (decision 025). */
enum { SHARED_SLABS_MAX = 16 };

/* In the bounded build a heap neither shares nor adopts, since both make a call as long as a list. */
INLINE bool policy_exchanges(void) {
    return !config_bounded;
}

INLINE uint32_t policy_share_to(size_t count) {
    return (uint32_t)(count / 2) + 1;
}

/* How many slabs claimed by remote frees a heap keeps of a class in which it allocates little, and to how many it goes
 * down when it has more (decision 094); how many slabs are taken per hold of the abandoned list's lock, until they have
 * that many blocks (decision 092). */
enum {
    CLAIMED_SLABS_MAX = 3,
    CLAIMED_SLABS_MIN = HEAPALLOC_BOUNDED ? CLAIMED_SLABS_MAX : 1,
    TAKEN_SLABS_MAX = HEAPALLOC_BOUNDED ? 1 : 4,
    TAKEN_BLOCKS = 8,
};

/* A heap that claims slabs which others had filled, and does not need them, gives some to a heap that wants slabs of
 * this class (decision 360). */
enum { UNUSED_CLAIMS_MAX = 1 };

INLINE bool policy_only_claims(const struct size_class *of) {
    return of->taken_slabs > UNUSED_CLAIMS_MAX;
}

INLINE uint32_t policy_blocks_enough(size_t class) {
    uint32_t half = class_shapes[class].capacity_blocks / 2u;
    return half < TAKEN_BLOCKS ? half : TAKEN_BLOCKS;
}

/* The first few blocks of a class without a slab come from a larger class (decision 028), or have red zones (385).
 * Threads that have nothing larger take a slab for several classes at once, of 112 << k bytes, as long as a page has a
 * few blocks (decision 093).
 */
enum { LENDERS_MAX = 4 }; /* classes that the bounded build asks */
enum { BORROWED_MAX = 4, LENT_BYTES_MIN = 112, LENT_BYTES_MAX = 1024 };

INLINE bool policy_borrows(const struct size_class *of) {
    return !of->current && (uint32_t)of->borrowed + of->zoned < BORROWED_MAX;
}

/* How many empty slabs every heap may keep for a decay time, and how many one may whose classes had none left: in
 * steps, of which all heaps share EMPTY_STEPS_OF_ALL (decision 094). */
enum { EMPTY_SLABS_MIN = 8, EMPTY_SLABS_MAX = 256, EMPTY_SLABS_STEP = 16, EMPTY_STEPS_OF_ALL = 32 };

/* How many blocks of an idle slab one call of the bounded build looks at before the slab goes back, and how many
 * classes without one it passes (decision 220). */
enum { SCAVENGE_BLOCKS = 16, SCAVENGE_CLASSES = 4 };

/* How many granules the medium cache of one heap may keep at first and at most, and the step in between (decision 030);
 * the caches of all heaps, if there are several, unless a 16th of what is in use is more (decision 088); the largest
 * recent block that is kept (decision 004). */
enum {
    CACHE_SUM_MIN = (2 << 20) / GRANULE_BYTES,
    CACHE_SUM_MAX = HEAPALLOC_BOUNDED ? 0 : (8 << 20) / GRANULE_BYTES,
    CACHE_SUM_STEP = (256 << 10) / GRANULE_BYTES,
    CACHES_SUM_MIN = (8 << 20) / GRANULE_BYTES,
    CACHES_PART = 16,
    RECENT_UNITS_MAX = HEAPALLOC_BOUNDED ? 0 : (8 << 20) / UNIT_BYTES,
};

/* How much larger than requested, in granules, a block from the cache may be: an eighth, or two (decision 406). The
 * cache is widened when it refused a block that would now serve (decision 262). */
enum { CACHE_EXCESS_MIN = 2 };

INLINE size_t policy_cache_excess(size_t count) {
    return max_size(count / CACHE_EXCESS_PART, CACHE_EXCESS_MIN);
}

INLINE bool policy_was_refused(uint32_t refused, uint32_t count) {
    return refused - count <= policy_cache_excess(count);
}

/* The cache is given back before untouched memory is taken, if it has more than level 2 has free and is a noticeable
 * part of what is used: that lowers the peak, which counts as a program's memory (decision 011). */
enum { YIELD_GRANULES_MIN = 128 * 1024 / GRANULE_BYTES, YIELD_PART = 64 };

INLINE bool policy_cache_yields(uint32_t cached, uint32_t dirty_granules, uint32_t used_units) {
    return cached >= YIELD_GRANULES_MIN && cached >= dirty_granules &&
           cached > used_units * GRANULES_PER_UNIT / YIELD_PART;
}

/* Slow paths from one look at the clock to the next; the same while much waits to be purged that is not old enough
 * (decision 016). Less than 2 MiB is not worth it, or 1 MiB once the clock is looked at more often. */
enum { PACE_SLOW_PATHS = 16, PACE_SLOW_PATHS_PURGING = 4, PACE_PENDING_UNITS = 128 };

/* Free and dirty granules that level 2 keeps for its next requests: a 32nd of what it has, and some (decision 020). */
enum { KEPT_GRANULES_MIN = 128 * 1024 / GRANULE_BYTES, KEPT_PART = 32 };

/* Free memory that stays dirty when a large block is freed, to avoid page faults (decision 014); and at a tick, because
 * a program that frees more than that may need the address space elsewhere (decision 173). Or a quarter of what is in
 * use, if that is more. */
enum { DIRTY_KEPT_UNITS = (256 << 20) / UNIT_BYTES, DIRTY_TICK_UNITS = (1 << 30) / UNIT_BYTES };

/* How many slabs one tick looks at, and how many extents and medium blocks it gives back, so that no call takes long.
 * After LONG_AGO_DECAYS the quarters that slabs have waited are not told apart any more (decision 019). */
enum { TICK_SLABS = 256, TICK_EXTENTS = 256, TICK_BLOCKS = 1024, LONG_AGO_DECAYS = 3 };

/* Ticks of one thread at the same reading after which the clock counts as stopped: they take a second of work, and
 * clocks move every 10 ms (decision 089). */
enum { STILL_TICKS_MAX = 1 << 16 };
