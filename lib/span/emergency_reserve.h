/* Units that a fork sets aside before it freezes the locks, which other threads take by one compare-and-swap each. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/units_give.h"

/* Set units aside before the locks are frozen; return what is left before they are thawed. The forking thread. */
void emergency_open(void);
void emergency_return(void);

/* Take `count` units as `kind` from what was set aside; NULL: there are not that many. */
struct unit *emergency_take_ready(uint32_t count, enum unit_kind kind);

/* Note that this fork set too little aside: the next one sets twice as much aside. */
void emergency_ran_dry(void);

/* Describe `count` units of `span` from unit `at` on, which are the caller's, and return the first one's line. */
struct unit *emergency_describe(struct span *span, uint32_t at, uint32_t count, enum unit_kind kind,
                                enum units_state state);
