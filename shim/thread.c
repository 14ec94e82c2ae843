/* Threads of the process: when a heap is made, and when it is given up. */
/* SPDX-License-Identifier: MIT */
#include "adjust.h"
#include "background.h"
#include "heap/fast.h"
#include "heap/world.h"
#include "profile.h"
#include "shim.h"
#include <heapalloc/port.h>
#include <limits.h>
#include <pthread.h>

STARTUP_DATA static pthread_key_t key = 0;
STARTUP_DATA static int started = 0;

/* libc runs key destructors in PTHREAD_DESTRUCTOR_ITERATIONS rounds as long as values are left. The heap stays to the
 * last round, so that other keys' destructors find it; the value counts the rounds to go. */
static void round_ended(void *rounds_left) {
    uintptr_t left = (uintptr_t)rounds_left;
    if (left > 1) {
        pthread_setspecific(key, (void *)(left - 1));
        return;
    }
    background_thread_ends();
    heap_leave();
}

/* The first thread does this, with its heap in place, so libc may allocate. A second thread at the same time waits: it
 * cannot be the same one again, which has its heap by now. */
static void thread_start(void) {
    int seen = 0;
    if (__atomic_compare_exchange_n(&started, &seen, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        pthread_key_create(&key, round_ended);
        options_begin();
        __atomic_store_n(&started, 2, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) != 2) {
    }
}

STARTUP_TEXT void port_thread_begin(void) {
    thread_start();
#ifdef HEAPALLOC_STATIC
    port_expect_fork();
#endif
    profile_thread_begins();
    pthread_setspecific(key, (void *)(uintptr_t)PTHREAD_DESTRUCTOR_ITERATIONS);
}
