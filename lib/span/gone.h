/* Address space that goes back to the world and is asked for again, and extents whose pages were moved.
 *
 * A gone extent is free, but nothing is mapped there: others may have the address space that a limit counts. It is asked for
 * again when nothing else is free. It comes to be where so much is clean that the rest is given back, and where the world
 * could not map again what a move had left or was to fill.
 *
 * Pages that were moved remember where they came from: Linux never merges their mapping with its neighbours, and a process
 * may have some 65,000 mappings. So only a few large blocks are moved at a time, others are copied; when a moved one is
 * freed its memory is replaced by fresh memory, which merges.
 *
 * Only in the home span, around which the world puts nothing of its own, and where a page is no larger than a unit. */
#pragma once
#include "span/units.h"

/* Take `count` units as `kind` out of a gone extent; NULL: there is none, or the world does not give it back. */
struct unit *gone_take(uint32_t count, enum unit_kind kind);

/* Give the addresses of an extent that is LEAVING and nobody else's back, if enough is clean besides. False: nothing happened. */
bool gone_release(struct unit *unit);

/* Move the pages of `from` into the front of `to`. True: `from` is clean now, or gone. False: too many are moved already or
 * the world cannot; `from` is as it was, `to` perhaps gone. */
bool gone_move(struct unit *to, struct unit *from);

/* An extent that was moved is about to become free: replace its memory. It is clean then, or gone. */
void gone_renew(struct unit *unit);

/* `tail` was cut from an extent that was moved. */
void gone_count_moved(struct unit *tail);
