/* Pending events: added anywhere, handled where no lock is held (events_run.h). */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include <stdint.h>

enum event {
    EVENT_SOFT_LIMIT = 1,     /* call the program's function */
    EVENT_SIGNAL = 2,         /* write the statistics that a signal requested */
    EVENT_METRICS = 4,        /* rewrite the metrics file */
    EVENT_PROFILE_WRITE = 16, /* write the profile: enough was allocated, or there is a new peak */
    EVENT_SERVE = 32,         /* open the metrics' socket, or close it */
    EVENT_EXIT = 64,          /* register the exit handler: libc's list of these was locked */
    EVENT_PROFILE = 8,        /* is never cleared: each thread checks whether it is to sample, and at which rate */
};

extern uint8_t events_due __attribute__((visibility("hidden")));

/* Add an event; it may be called anywhere, even in a signal handler or under a lock. */
INLINE void event_add(enum event event) {
    __atomic_fetch_or(&events_due, (uint8_t)event, __ATOMIC_RELEASE);
}
