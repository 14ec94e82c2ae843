/* Level 1: the tip, above whose top new units begin, and memory that comes from the world. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/units_give.h"

/* True when the tip has memory for `count` units above its top; take them, or NULL. Under the lock. */
bool units_tip_has(uint32_t count);
struct unit *units_take_tip(uint32_t count, enum unit_kind kind);

/* For span/grow.c: `span` now has memory up to `bytes`; new units are now taken from `span`. */
void units_publish(struct span *span, size_t bytes);
void units_move_tip(struct span *span);

/* For worlds that own their memory: enter units [first, first + count) of `span` as free. */
void units_donate(struct span *span, uint32_t first, uint32_t count, enum units_state state);

/* The same for all that `span` has memory for above its top, except what others take there at the same time
 * (span/emergency.h). */
void units_donate_rest(struct span *span);
