/* The process's clock, and when the metrics file is due. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "clock.h"
#include "base/bits.h"
#include "events.h"
#include "shim.h"
#include <heapalloc/port.h>
#include <time.h>

STARTUP_DATA uint64_t clock_due_ms = UINT64_MAX;

STARTUP_TEXT uint64_t port_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (unlikely(ms >= __atomic_load_n(&clock_due_ms, __ATOMIC_RELAXED))) event_add(EVENT_METRICS);
    return ms;
}
