/* Misuse: uses of large blocks after they were freed, in the hardened library. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include <signal.h>

enum { FAULTING_MIN = 300 << 10 };

static void ended_by_fault(int signal) {
    (void)signal;
    _exit(0);
}

/* A large block that was freed, and what it costs to free one: three more come and go. */
static volatile char *take_freed(size_t size) {
    char *p = take(size);
    memset(p, 1, size);
    give(p, size);
    for (int i = 0; i < 3; i++) give(memset(take(size), 2, size), size);
    return p;
}

MISUSE(faulting, read_of_a_freed_large_block, FAULTING_MIN, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    say_clean();
    signal(SIGSEGV, ended_by_fault);
    volatile char *p = take_freed(size);
    (void)p[size / 2];
    not_caught();
}

MISUSE(faulting, write_to_a_freed_large_block, FAULTING_MIN, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    say_clean();
    signal(SIGSEGV, ended_by_fault);
    volatile char *p = take_freed(size);
    p[size - 1] = 1;
    not_caught();
}

MISUSE(faulting, freed_again_after_others_of_its_size, FAULTING_MIN, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    void *p = (void *)(uintptr_t)take_freed(size);
    void *now = take(size);
    if (now == p) not_caught();
    say_caught(p, CAUGHT_SOMEHOW);
    misuse(p, size);
    not_caught();
}
