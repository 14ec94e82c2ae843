/* What the heap decides by measure rather than by rule: each question stands here once, with its constants and the
 * decision (docs/decisions) that has the measurement behind them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "engine/classes.h"
#include "heap/heap.h"

/* How many frees into an attached slab, or blocks from the cache, count as one slow path; the same while much memory
 * waits to be purged (decisions 016, 089). */
enum { RETURNS_MAX = 254, RETURNS_PURGING = 16 };

/* A slab is sparse that has gathered but a few blocks when its turn comes: each turn costs a claim and a refill, in a
 * large heap for a single block. When several have been, the class gets a slab although others wait, so that those
 * gather more; up to one for EXTRA_PART that wait (decision 022). */
enum { SPARSE_PART = 32, SPARSE_BLOCKS_MAX = 8, SPARSE_REFILLS_MAX = 4, EXTRA_PART = 12 };

INLINE bool policy_is_sparse(const struct unit *slab) {
    uint32_t few = class_shapes[slab->class].capacity_blocks / SPARSE_PART;
    return (uint32_t)(slab->resident_blocks - slab->used_blocks) < (few < SPARSE_BLOCKS_MAX ? few : SPARSE_BLOCKS_MAX);
}

/* True when so many partial slabs were sparse that one is left to wait; counts those that were. */
INLINE bool policy_passes_over(struct size_class *of, const struct unit *slab) {
    return unlikely(policy_is_sparse(slab)) && of->sparse_refills++ >= SPARSE_REFILLS_MAX;
}

INLINE bool policy_wants_extra(const struct size_class *of) {
    return of->extra_slabs < of->partial.count / EXTRA_PART;
}

/* Who frees much into others' slabs keeps what it frees next (decision 027), as many blocks as four slabs have
 * (decision 021). */
enum { REMOTE_FREES_MANY = 16, ADOPTED_MAX = 255, ADOPTED_SLABS = 4 };

INLINE bool policy_frees_much_remotely(const struct size_class *of) {
    return of->remote_frees >= REMOTE_FREES_MANY;
}

INLINE uint8_t policy_adopt_budget(size_t class) {
    uint32_t blocks = class_shapes[class].capacity_blocks * (uint32_t)ADOPTED_SLABS;
    return blocks < ADOPTED_MAX ? (uint8_t)blocks : ADOPTED_MAX;
}

/* How many of `count` partial slabs a heap keeps when another one wants some, and how many it gives at once
 * (decision 025). */
enum { SHARED_SLABS_MAX = 16 };

INLINE uint32_t policy_share_to(size_t count) {
    return (uint32_t)(count / 2) + 1;
}

/* What a heap claimed by freeing it keeps of a class in which it allocates little, and to how many it goes down beyond
 * that (decision 094); how many slabs one turn at the abandoned list's lock may take, until they have so many blocks
 * (decision 092). */
enum { CLAIMED_SLABS_MAX = 3, CLAIMED_SLABS_MIN = 1, TAKEN_SLABS_MAX = 4, TAKEN_BLOCKS = 8 };

INLINE uint32_t policy_blocks_enough(size_t class) {
    uint32_t half = class_shapes[class].capacity_blocks / 2u;
    return half < TAKEN_BLOCKS ? half : TAKEN_BLOCKS;
}

/* The first few blocks of a class without a slab come from a larger class (decision 028). Threads that have nothing
 * larger take a slab for several classes at once, of 112 << k bytes, up to a few blocks a page (decision 093). */
enum { BORROWED_MAX = 4, LENT_BYTES_MIN = 112, LENT_BYTES_MAX = 1024 };

INLINE bool policy_borrows(const struct size_class *of) {
    return !of->current && of->borrowed < BORROWED_MAX;
}

/* Empty slabs that every heap may keep for a decay time; and that one may whose classes had none left, in steps, of
 * which there are so many for all heaps (decision 094). */
enum { EMPTY_SLABS_MIN = 8, EMPTY_SLABS_MAX = 256, EMPTY_SLABS_STEP = 16, EMPTY_STEPS_OF_ALL = 32 };

/* Granules that the medium cache of one heap may keep to begin with, and at most, a step in between (decision 030); all
 * heaps' while there is more than one, or a 16th of what is in use (decision 088); the largest block that is kept for
 * the next request of its size (decision 004). */
enum {
    CACHE_SUM_MIN = (2 << 20) / GRANULE_BYTES,
    CACHE_SUM_MAX = (8 << 20) / GRANULE_BYTES,
    CACHE_SUM_STEP = (256 << 10) / GRANULE_BYTES,
    CACHES_SUM_MIN = (8 << 20) / GRANULE_BYTES,
    CACHES_PART = 16,
    RECENT_UNITS_MAX = (8 << 20) / UNIT_BYTES,
};

/* What the cache keeps is given back before memory is asked for that was never touched, where it is more than level 2
 * has free, and a noticeable part of what is used: the peak is what counts as a program's memory (decision 011). */
enum { YIELD_GRANULES_MIN = 128 * 1024 / GRANULE_BYTES, YIELD_PART = 64 };

INLINE bool policy_cache_yields(uint32_t cached, uint32_t dirty_granules, uint32_t used_units) {
    return cached >= YIELD_GRANULES_MIN && cached >= dirty_granules &&
           cached > used_units * GRANULES_PER_UNIT / YIELD_PART;
}

/* Slow paths from one look at the clock to the next; the same while much waits to be purged that is not old enough
 * (decision 016). Less than 2 MiB is not worth the clock, or half of it when it was looked at already. */
enum { PACE_SLOW_PATHS = 16, PACE_SLOW_PATHS_PURGING = 4, PACE_PENDING_UNITS = 128 };

/* Free and dirty granules that level 2 keeps for its next requests: a 32nd of what it has, and some (decision 020). */
enum { KEPT_GRANULES_MIN = 128 * 1024 / GRANULE_BYTES, KEPT_PART = 32 };

/* One tick looks at so many slabs, and gives back so many extents and medium blocks, so that no call takes long. After
 * so many decay times the quarters that slabs wait are no more told apart (decision 019). */
enum { TICK_SLABS = 256, TICK_EXTENTS = 256, TICK_BLOCKS = 1024, LONG_AGO_DECAYS = 3 };

/* Ticks of one thread while the clock shows the same: no clock stands for so long, for that takes a second of work, and
 * clocks move each 10 ms (decision 089). */
enum { STILL_TICKS_MAX = 1 << 16 };
