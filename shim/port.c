/* The port functions on Linux for the page size, the random number and futexes. mapped.c has memory, clock.c time. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/bits.h"
#include "libc.h"
#include "process.h"
#include "shim.h"
#include "syscall.h"
#include <elf.h>
#include <heapalloc/port.h>
#include <time.h>

const char *const port_alone = &libc_single_threaded;

STARTUP_TEXT size_t port_page_bytes(void) {
    STARTUP_DATA static size_t bytes = 0;
    if (bytes == 0) bytes = process_auxiliary(AT_PAGESZ, 4096);
    return bytes;
}

STARTUP_TEXT uint64_t port_random(void) {
    /* Mix the words: libc derives the stack and pointer guards from them, which a heap block must not reveal. */
    uint64_t mix = (process_random(0) ^ process_random(1) >> 7) * 0x9e3779b97f4a7c15;
    mix = (mix ^ mix >> 29) * 0xbf58476d1ce4e5b9;
    return mix ^ mix >> 32;
}

void port_wait(uint32_t *word, uint32_t seen) {
    syscall_6(SYS_futex, (long)word, FUTEX_WAIT_OWN, seen, 0, 0, 0);
}

void port_wake(uint32_t *word, bool all) {
    syscall_6(SYS_futex, (long)word, FUTEX_WAKE_OWN, all ? 0x7fffffff : 1, 0, 0, 0);
}

void port_pause(uint32_t *word, uint32_t seen) {
    static const struct timespec millisecond = {0, 1000000};
    syscall_6(SYS_futex, (long)word, FUTEX_WAIT_OWN, seen, (long)&millisecond, 0, 0);
}
