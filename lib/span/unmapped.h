/* Address space that goes back to the world and is mapped again, and large blocks whose pages are moved there.
 *
 * An unmapped extent is free, and has no memory: it does not count against a limit on address space. It is made where
 * clean memory beyond a bound is given back, and where a moved block was or may grow.
 *
 * Linux never merges the mapping of moved pages with its neighbours, nor what is touched between two of them with
 * anything else later, and a process may have some 65,000 mappings. So only a few large blocks are moved at a time,
 * others are copied; moved ones lie among unmapped extents, into which they grow, and become unmapped when they are
 * freed.
 *
 * Only in the home span, around which the world puts nothing of its own, and where a page is no larger than a unit. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/units_free.h"

/* This much is left for blocks that move, as long as there is other address space. */
enum { UNMAPPED_LEFT_UNITS = (512 << 20) / UNIT_BYTES };

/* How much clean memory stays mapped, in units, or a quarter of what is in use if that is more. A world that counts
 * what is mapped rather than what is touched sets less. Atomic. */
extern uint32_t unmapped_kept_units __attribute__((visibility("hidden")));

/* Take `count` units as `kind` from an unmapped extent while more than `left` are unmapped; NULL: there is none, or the
 * world cannot map it. */
struct unit *unmapped_take(uint32_t count, enum unit_kind kind, uint32_t left);

/* Unmap an extent that is LEAVING and clean, if enough else is clean. False: nothing happened. */
bool unmapped_release(struct unit *unit);

/* Unmap a block that was just freed and is LEAVING, so that its next use faults, and its addresses are used again as
 * late as possible. False: nothing happened, or it is a moved one, which units_give() unmaps. */
bool unmapped_free(struct unit *unit);

/* Shorten a block that was just taken to `count` units, and unmap the rest, so that an overflow faults there. Where
 * that cannot be the rest is free all the same. */
void unmapped_guard(struct unit *unit, uint32_t count);

/* Move the pages of `from`, a large block, to the front of a larger one of `count` units, and return it: `from` is then
 * clean, or unmapped. NULL: too many are moved already, or the world cannot; nothing has changed. */
struct unit *unmapped_move(struct unit *from, uint32_t count);

/* Lengthen a moved block into the unmapped extent to its right. False: there is none, or the world cannot. */
bool unmapped_extend(struct unit *unit, uint32_t count);
