/* Handles pending events where no lock is held: on the next slow path of malloc, or in the background thread. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "events.h"
#include "next.h"
#include "profile.h"

/* Handle the pending events; errno is unchanged. */
void events_run(void);

/* Handle pending events; every slow path that holds no lock ends with this. With HEAPALLOC_ASIDE=0 none is added. */
INLINE void events_look(void) {
    if (HEAPALLOC_ASIDE) {
        uint8_t due = __atomic_load_n(&events_due, __ATOMIC_RELAXED);
        if (unlikely(due) && (due != EVENT_PROFILE || profile_is_to_join())) events_run();
    }
}
