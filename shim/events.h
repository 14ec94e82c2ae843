/* What is to be done soon: noted anywhere, done where no lock is held (due.h). */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include <stdint.h>

enum event {
    EVENT_SOFT_LIMIT = 1,     /* the program's function is called */
    EVENT_SIGNAL = 2,         /* the statistics that a signal asked for are written */
    EVENT_METRICS = 4,        /* the file of metrics is rewritten */
    EVENT_PROFILE_WRITE = 16, /* the profile is written, for much was allocated */
    EVENT_PROFILE = 8,        /* stays: each thread looks whether it is to look at what it allocates */
};

extern uint8_t events_due __attribute__((visibility("hidden")));

/* From anywhere, a signal handler or under a lock. */
INLINE void event_add(enum event event) {
    __atomic_fetch_or(&events_due, (uint8_t)event, __ATOMIC_RELEASE);
}
