/* Level 1: dirty extents leave to be purged (span/purge.c), the oldest first, and return. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/units_give.h"

/* The oldest dirty extent freed before `before_ms`, taken as LEAVING; NULL: none. */
struct unit *units_take_oldest(uint32_t before_ms);

/* The oldest dirty extent, or as much of it as is surplus, taken as LEAVING; NULL: there is none. */
struct unit *units_take_surplus(void);

/* Add the clean extents on both sides to one that is LEAVING and clean; returns the head. */
struct unit *units_widen(struct unit *unit);

/* Give an extent that is now clean, or one that cannot be purged and stays dirty. */
void units_give_purged(struct unit *unit, enum units_state state);
