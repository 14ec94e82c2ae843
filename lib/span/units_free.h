/* Level 1's free extents: units come from them and return, merged with their neighbours at once, in constant time
 * (TLSF). Nothing here asks the world for memory: span/units.h does, and waits for the end of a fork. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/units_tip.h"

/* Where an extent is taken: anywhere, or at the front of a free extent that is a quarter larger, so that it can grow.
 */
enum units_place { UNITS_ANYWHERE, UNITS_ROOMY };

/* Take `count` units as `kind` from what is free, else at the tip's top; *unit is NULL when there are none. False: a
 * fork has the lock. */
bool units_take_ready(uint32_t count, enum unit_kind kind, enum units_place place, struct unit **unit);

/* In the bounded build: true when there are `count` free units in a row. */
bool units_have(uint32_t count);

/* Take the largest dirty extent, of at least `least` units, when no dirty extent has `most`. NULL: there is none, or
 * one has. */
struct unit *units_take_pieces(uint32_t least, uint32_t most, enum unit_kind kind);

/* Take `count` units of the dirty extent that has as many and is the closest in size. NULL: there is none. */
struct unit *units_take_dirty(uint32_t count, enum unit_kind kind);

/* Take at most `most` free units of this state, from one extent. NULL: there are none. */
struct unit *units_take_some(uint32_t most, enum units_state state, enum unit_kind kind);

/* Lengthen an extent to the right by units that are free or above the top. False: there are too few. Under the lock. */
bool units_extend_locked(struct unit *unit, uint32_t more);
