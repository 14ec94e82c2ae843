/* Level 1: extents of whole units for the levels above, from what is free, or else from the world.
 * While a fork is under way, from what was set aside for it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/units_free.h"

/* Take an extent of `count` units as `kind`; its flag UNIT_CLEAN says whether it is zero. NULL: no memory. */
struct unit *units_take(uint32_t count, enum unit_kind kind);

/* The same of `most` units; or of at least `least` dirty ones, when no dirty extent has `most`. */
struct unit *units_take_upto(uint32_t least, uint32_t most, enum unit_kind kind);

/* The same as units_take() at a multiple of `align_units` (a power of two) units. Gives back what it cuts off. */
struct unit *units_take_aligned(uint32_t count, uint32_t align_units, enum unit_kind kind);

/* The same where it can grow later: at the front of a free extent that is a quarter larger, or at the top. */
struct unit *units_take_top(uint32_t count, enum unit_kind kind);

/* Lengthen an extent to `count` units. False: there is no room to its right, and nothing has changed. */
bool units_extend(struct unit *unit, uint32_t count);
