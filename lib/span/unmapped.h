/* Address space that goes back to the world and is mapped again.
 *
 * An unmapped extent is free, and has no memory: it does not count against a limit on address space. It is made where
 * clean memory beyond a bound is given back, and where a moved block was or may grow.
 *
 * Only in the home span, around which the world puts nothing of its own, and where a page is no larger than a unit. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/units_free.h"

/* This much is left for blocks that move, as long as there is other address space. */
enum { UNMAPPED_LEFT_UNITS = (512 << 20) / UNIT_BYTES };

/* How many there may be before what is clean stays mapped: each is a hole, and splits a mapping. The hardened build
 * makes many on purpose. */
INLINE uint32_t unmapped_extents_max(void) {
    return config_safety >= SAFETY_HARDENED ? 1024 : 12;
}

/* How much clean memory stays mapped, in units, or a quarter of what is in use if that is more. A world that counts
 * what is mapped rather than what is touched sets less. Atomic. */
extern uint32_t unmapped_kept_units __attribute__((visibility("hidden")));

/* True when the extent lies where addresses can go back. */
bool unmapped_can_go(const struct unit *unit);

/* Give an extent that is LEAVING and has just been unmapped, or could not be mapped. */
void unmapped_give(struct unit *unit);

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
