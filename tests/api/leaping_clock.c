/* A clock that leaps to and fro by days, as those do with which programs are shown another time. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

unsigned clock_calls(void);
static unsigned calls;

unsigned clock_calls(void) {
    return __atomic_load_n(&calls, __ATOMIC_RELAXED);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    unsigned n = __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
    free(malloc(1 + n % 500));
    long failed = syscall(SYS_clock_gettime, id, now);
    now->tv_sec += n % 3 == 0 ? -86400 : n % 3 == 1 ? 200000 : 0;
    return failed ? -1 : 0;
}
