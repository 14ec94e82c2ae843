/* While a process has one thread, its locks and changes of state need not be atomic.
 *
 * That saves some twenty cycles each, and most programs never have a second thread. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include "base/config.h"
#include "base/memory.h"
#include <heapalloc/port.h>

INLINE bool alone(void) {
    return config_alone && likely(*port_alone != 0);
}

/* cas(), without an atomic instruction while there is one thread: for what single-threaded programs do often. */
#define cas_alone(x, expected, v) \
    (alone() ? (x) == *(expected) ? ((x) = (v), true) : (*(expected) = (x), false) : cas(x, expected, v))
