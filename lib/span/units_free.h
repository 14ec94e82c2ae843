/* Level 1's free extents: units come from them and return, merged with their neighbours at once, in constant time
 * (TLSF). Nothing here asks the world for memory: span/units.h does, and waits for the end of a fork. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/unit_index.h"

/* Dirty: written to since the world gave it. Clean: known to be zero, with no memory behind it. */
enum units_state { UNITS_DIRTY, UNITS_CLEAN };

/* Where an extent is taken: anywhere, or at the front of a free extent that is a quarter larger, so that it can grow.
 */
enum units_place { UNITS_ANYWHERE, UNITS_ROOMY };

/* The span whose top new units are taken from; changed under grow.h's gate and the units lock. NULL: none yet. */
extern struct span *units_tip __attribute__((visibility("hidden")));

/* Take `count` units as `kind` from what is free, else at the tip's top; *unit is NULL when there are none. False: a
 * fork has the lock. */
bool units_take_ready(uint32_t count, enum unit_kind kind, enum units_place place, struct unit **unit);

/* In the bounded build: true when there are `count` free units in a row. */
bool units_have(uint32_t count);

/* Take the largest dirty extent, of at least `least` units, when no dirty extent has `most`. NULL: there is none, or
 * one has. */
struct unit *units_take_pieces(uint32_t least, uint32_t most, enum unit_kind kind);

/* True when the tip has memory for `count` units above its top; take them, or NULL. Under the lock. */
bool units_tip_has(uint32_t count);
struct unit *units_take_tip(uint32_t count, enum unit_kind kind);

/* Take at most `most` free units of this state, from one extent. NULL: there are none. */
struct unit *units_take_some(uint32_t most, enum units_state state, enum unit_kind kind);

/* Give an extent back. Never waits: when the lock is busy, its holder takes the extent in. */
void units_give(struct unit *unit);

/* Defer a chain of extents, linked by next, until somebody has the lock. */
void units_defer(struct unit *first, struct unit *last);

/* Shorten an extent to `count` units. */
bool units_shrink(struct unit *unit, uint32_t count);

/* Lengthen an extent to the right by units that are free or above the top. False: there are too few. Under the lock. */
bool units_extend_locked(struct unit *unit, uint32_t more);

/* Count `more` extents with UNIT_MOVED; -1u takes one away. */
INLINE void units_count_moved(uint32_t more) {
    __atomic_fetch_add(&units.moved_extents, more, __ATOMIC_RELAXED);
}

/* For span/grow.c: `span` now has memory up to `bytes`; new units are now taken from `span`. */
void units_publish(struct span *span, size_t bytes);
void units_move_tip(struct span *span);

/* For worlds that own their memory: enter units [first, first + count) of `span` as free. */
void units_donate(struct span *span, uint32_t first, uint32_t count, enum units_state state);

/* The same for all that `span` has memory for above its top, except what others take there at the same time
 * (span/emergency.h). */
void units_donate_rest(struct span *span);

/* For span/purge.c: the oldest dirty extent freed before `before_ms`, taken as LEAVING; NULL: none. */
struct unit *units_take_oldest(uint32_t before_ms);

/* For span/purge.c: the oldest dirty extent, or as much of it as is surplus, taken as LEAVING; NULL: there is none. */
struct unit *units_take_surplus(void);

/* For span/purge.c: add the clean extents on both sides to one that is LEAVING and clean; returns the head. */
struct unit *units_widen(struct unit *unit);

/* For span/purge.c: give an extent that is now clean, or one that cannot be purged and stays dirty. */
void units_give_purged(struct unit *unit, enum units_state state);

/* Take the lock to read level 1 (inspect, fork). */
INLINE bool units_lock(void) {
    return lock_take(&units.lock);
}
void units_unlock(void);
