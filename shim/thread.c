/* Threads of the process: starts the library with the first one, and gives a thread's heap up at its end. */
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

/* The round in which a thread gives its heap up. Not the last one with musl: a thread that first allocates in a
 * destructor has one round less when this key is older than the destructor's, and its heap would stay. */
#ifdef __GLIBC__
enum { ROUNDS = PTHREAD_DESTRUCTOR_ITERATIONS };
#else
enum { ROUNDS = PTHREAD_DESTRUCTOR_ITERATIONS - 1 };
#endif

/* Give the heap up in the last round of key destructors, so that other keys' destructors can still use it. libc runs up
 * to PTHREAD_DESTRUCTOR_ITERATIONS rounds while values are left; the value counts the rounds to go. */
STARTUP_TEXT static void round_ended(void *rounds_left) {
    uintptr_t left = (uintptr_t)rounds_left;
    if (left > 1) {
        pthread_setspecific(key, (void *)(left - 1));
        return;
    }
    background_thread_ends();
    heap_leave();
}

/* Create the key and read the options in the first thread; its heap exists already, so libc may allocate here. A second
 * thread waits: it cannot be the first one again, which has its heap and so does not come here. */
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
    profile_thread_begins();
    pthread_setspecific(key, (void *)(uintptr_t)ROUNDS);
}
