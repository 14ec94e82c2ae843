/* Disturbs the schedule: the hooks of a counting build, called just before a shared word changes, give up the processor
 * now and then. */
/* SPDX-License-Identifier: MIT */
#include "base/count.h"
#include <sched.h>
#include <time.h>

enum { YIELD_EACH = 32, SLEEP_EACH = 1024, SLEEP_NS = 20000 };

static _Thread_local uint64_t state;

static void disturb(void) {
    if (state == 0) state = (uint64_t)(uintptr_t)&state | 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    uint64_t draw = state >> 11;
    if (draw % SLEEP_EACH == 0)
        nanosleep(&(struct timespec){0, SLEEP_NS}, NULL);
    else if (draw % YIELD_EACH == 0)
        sched_yield();
}

void count_one(enum count_kind kind) {
    if (kind == COUNT_ATOMIC) disturb();
}

void count_write(const void *at) {
    (void)at;
    disturb();
}
