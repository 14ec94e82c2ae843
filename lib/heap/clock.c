/* The heap's own time. */
/* SPDX-License-Identifier: MIT */
#include "heap/clock.h"
#include "base/bits.h"
#include "base/memory.h"
#include <heapalloc/port.h>

enum {
    STEP_MAX_MS = 3600 * 1000, /* a larger step ahead is a leap: ages have 32 bits */
    STEP_BACK_MS = 1000,       /* a smaller one back is another thread that read the clock a moment later */
};

static uint64_t started_ms; /* by the world's clock; 0: it was not read yet */
static uint64_t seen_ms;    /* its latest reading */
static uint64_t skewed_ms;  /* to be added to its time (modulo 2^64) */

static void skew(uint64_t ms) {
    __atomic_fetch_add(&skewed_ms, ms, __ATOMIC_RELAXED);
}

static NOINLINE STARTUP_TEXT uint64_t begin(uint64_t now) {
    store_relaxed(seen_ms, now);
    store_relaxed(started_ms, now);
    return 0;
}

/* Correct the skew for a leap of the clock; of the threads that see it, one does. */
static NOINLINE void leap(uint64_t now, uint64_t seen) {
    bool back = (int64_t)(now - seen) < 0;
    if (cas(seen_ms, &seen, now)) skew(seen - now + (back ? 0 : STEP_MAX_MS));
}

STARTUP_TEXT uint64_t clock_now_ms(void) {
    uint64_t now = port_now_ms(), seen = load_relaxed(seen_ms), started = load_relaxed(started_ms);
    if (unlikely(started == 0)) return begin(now);
    int64_t step = (int64_t)(now - seen);
    if (unlikely(step > STEP_MAX_MS || step < -STEP_BACK_MS))
        leap(now, seen);
    else if (step > 0)
        cas(seen_ms, &seen, now);
    else
        now = seen;
    return now + load_relaxed(skewed_ms) - started;
}

void clock_push(uint32_t ms) {
    if (load_relaxed(started_ms) != 0) skew(ms);
}
