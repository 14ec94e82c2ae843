/* Level 1: extents of whole units, in constant time (TLSF), merged with their neighbours as soon as they are free.
 *
 * Dirty free extents (written since the world gave them) and clean ones (known to be zero, no memory behind them)
 * are kept in two indexes and never merged with each other: what is dirty is handed out first, because reusing it
 * costs no page fault and no peak; what is clean costs nothing while it waits. Memory that never was handed out
 * lies above the tip's top and is touched last. Dirty extents age in a list; span/purge.h cleans the old ones. What is
 * clean beyond a bound goes back to the world with its addresses (span/gone.h): a third index. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include "span/span.h"

enum { DECAY_QUARTERS = 4 };

struct units {
    struct lock lock;
    uint32_t used_units;                      /* handed out under the lock, less what came back (modulo 2^32) */
    uint32_t emergency_units;                 /* handed out without it (span/emergency.h); atomic */
    uint32_t dirty_units;                     /* free, in dirty */
    uint32_t clean_units;                     /* free, in clean */
    uint32_t gone_units;                      /* free, in gone */
    uint32_t gone_extents;                    /* how many those are */
    uint32_t moved_extents;                   /* with UNIT_MOVED; atomic */
    uint32_t now_ms;                          /* the time of the latest tick: stamps what becomes free */
    uint32_t quarter;                         /* the same in quarters of the decay time */
    uint32_t least_dirty[DECAY_QUARTERS + 1]; /* least dirty_units in this quarter, in the one before, ... */
    uint32_t surplus_units;                   /* nobody needed as many of dirty_units for a decay time: to be purged */
    struct unit *oldest;                      /* dirty extents by age */
    struct unit *newest;
    struct unit *deferred; /* heads given while the lock was taken; linked by node.next, atomic */
    struct tlsf dirty;
    struct tlsf clean;
    struct tlsf gone;
};

/* lock: itself
 *   used + emergency + dirty + clean + gone == sum of the spans' top_units;
 *   least_dirty[0] <= dirty                                              verify: unit_sum
 *   gone_extents, moved_extents: the extents with such a flag            verify: gone
 *   oldest..newest: the free extents with UNIT_AGED, all dirty           verify: ages */
extern struct units units __attribute__((visibility("hidden")));

/* Take an extent of `count` units as `kind`; its flag UNIT_CLEAN says whether it is zero. NULL: no memory. */
struct unit *units_take(uint32_t count, enum unit_kind kind);

/* The same of `most` units; of fewer, `least` at least, when they were touched before and so many were not. */
struct unit *units_take_upto(uint32_t least, uint32_t most, enum unit_kind kind);

/* Clean units that are there, or dirty ones: `most` at most, of one extent. NULL: there are none. */
struct unit *units_take_some(uint32_t most, bool clean, enum unit_kind kind);

/* The same as units_take() at a multiple of `align_units` (a power of two) units. Takes no more than it hands out. */
struct unit *units_take_aligned(uint32_t count, uint32_t align_units, enum unit_kind kind);

/* The same where it can grow later: at the front of free memory with a quarter of room, touched or not, or at the top.
 */
struct unit *units_take_top(uint32_t count, enum unit_kind kind);

/* Take `count` units that were never handed out, LEAVING; NULL: no memory. */
struct unit *units_take_fresh(uint32_t count);

/* Give an extent back. Never waits: when the lock is busy, whoever holds it will find the extent. */
void units_give(struct unit *unit);

/* Put a chain of extents, linked by next, among those that wait for the lock. */
void units_defer(struct unit *first, struct unit *last);

/* Shorten an extent to `count` units, or lengthen it to the right. False: no room there; nothing changed. */
bool units_shrink(struct unit *unit, uint32_t count);
bool units_extend(struct unit *unit, uint32_t count);

/* For span/grow.c: `span` now has memory up to `bytes`; new units are now taken from `span`. */
void units_publish(struct span *span, size_t bytes);
void units_move_tip(struct span *span);

/* For worlds that own their memory: enter units [first, first + count) of `span` as free, `clean` or not. */
void units_donate(struct span *span, uint32_t first, uint32_t count, bool clean);

/* The same with all that `span` has memory for above its top, but for what others take there at the same time
 * (span/emergency.h). */
void units_donate_rest(struct span *span);

/* For span/purge.c: the oldest dirty extent freed before `before_ms`, taken as LEAVING; NULL: none. */
struct unit *units_take_oldest(uint32_t before_ms);

/* For span/purge.c: the oldest dirty extent, or as much of it as is surplus, taken as LEAVING; NULL: there is none. */
struct unit *units_take_surplus(void);

/* For span/purge.c: add the clean extents on both sides to one that is LEAVING and clean; returns the head. */
struct unit *units_widen(struct unit *unit);

/* For span/purge.c: give an extent that is now clean, or that cannot be purged. */
void units_give_purged(struct unit *unit, bool clean);

/* The lock for a look around (inspect, fork). */
INLINE bool units_lock(void) {
    return lock_take(&units.lock);
}
void units_unlock(void);
