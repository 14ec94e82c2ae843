/* What is to be done soon, at a place where no lock is held: the next slow path of malloc, or the background thread. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include "next.h"

enum event {
    EVENT_SOFT_LIMIT = 1, /* the program's function is called */
    EVENT_SIGNAL = 2,     /* the statistics that a signal asked for are written */
    EVENT_METRICS = 4,    /* the file of metrics is rewritten */
};

extern uint8_t events_due __attribute__((visibility("hidden")));

/* From anywhere, a signal handler or under a lock. */
INLINE void event_add(enum event event) {
    __atomic_fetch_or(&events_due, (uint8_t)event, __ATOMIC_RELEASE);
}

/* Do what is due; errno stays. */
void events_do(void);

/* Every slow path that holds no lock ends with this. Under other names in another program nothing is ever due. */
INLINE void events_look(void) {
    if (HEAPALLOC_ASIDE && unlikely(__atomic_load_n(&events_due, __ATOMIC_RELAXED))) events_do();
}
