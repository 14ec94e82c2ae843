/* When a profile is due while the program runs. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"

/* When to write a profile while the program runs; 0: never. */
struct profile_when {
    uint64_t every;       /* after so many allocated bytes */
    uint64_t peak;        /* when so many more bytes are live than at the last such peak */
    uint64_t percent;     /* or so many percent of those more, if that is at least PROFILE_PEAK_MIN */
    uint64_t interval_ms; /* after so much time */
};
enum { PROFILE_PEAK_MIN = 1 << 20 };
void profile_write_when(struct profile_when when);

/* Add the event when a profile is due; it is written where no lock is held. The caller has the profile's lock. */
void profile_due_look(void);
