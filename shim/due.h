/* What is due is done at a place where no lock is held: the next slow path of malloc, or the background thread. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "events.h"
#include "next.h"

/* Do what is due; errno stays. */
void events_do(void);

/* Every slow path that holds no lock ends with this. Under other names in another program nothing is ever due. */
INLINE void events_look(void) {
    if (HEAPALLOC_ASIDE && unlikely(__atomic_load_n(&events_due, __ATOMIC_RELAXED))) events_do();
}
