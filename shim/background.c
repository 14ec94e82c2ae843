/* A thread that gives memory back while all others sleep. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "background.h"
#include "events_run.h"
#include "heap/fast.h"
#include "heap/world.h"
#include "libc.h"
#include "next.h"
#include "process.h"
#include "span/purge.h"
#include "syscall.h"
#include <heapalloc/port.h>
#include <limits.h>

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <time.h>

enum { STACK_BYTES = 64 * 1024, LONGEST_MS = 60 * 1000 };

typedef int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

static bool asked;
static long running_in; /* the process that has the thread: a fork's child does not */
static uint32_t ending; /* the main thread has ended; a futex */

/* Tick once in each quarter of the decay time, as other threads do on their slow paths. It sleeps by a system call:
 * libc's sleep is a cancellation point, and may be wrapped. */
static void *run(void *unused) {
    syscall_6(SYS_prctl, PR_SET_NAME, (long)"heapalloc", 0, 0, 0, 0);
    heap_enter();
    while (!__atomic_load_n(&ending, __ATOMIC_ACQUIRE)) {
        uint32_t ms = load_relaxed(purge_decay_ms) / DECAY_QUARTERS;
        ms = ms < 1 ? 1 : ms > LONGEST_MS ? LONGEST_MS : ms;
        struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
        syscall_6(SYS_futex, (long)&ending, FUTEX_WAIT_OWN, 0, (long)&time, 0, 0);
        if (heap_self->state == HEAP_LIVE) heap_tick(heap_self);
        events_look();
    }
    return unused;
}

/* Start the thread: with all signals blocked, so that the program's threads get them, and detached. */
static void start(void) {
    static void *libcs;
    create *next = (create *)(uintptr_t)next_of(&libcs, "pthread_create");
    long here = process_id(), seen = __atomic_load_n(&running_in, __ATOMIC_RELAXED);
    if (!next || seen == here ||
        !__atomic_compare_exchange_n(&running_in, &seen, here, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return;
    heap_enter(); /* with a heap, this thread's end calls background_thread_ends() */
    __atomic_store_n(&ending, 0, __ATOMIC_RELEASE);
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0) return;
    pthread_attr_setstacksize(&attributes, STACK_BYTES > PTHREAD_STACK_MIN ? STACK_BYTES : PTHREAD_STACK_MIN);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    port_expect_fork();
    if (next(&thread, &attributes, run, NULL) != 0) __atomic_store_n(&running_in, 0, __ATOMIC_RELAXED);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

void background_thread_starts(void) {
    if (unlikely(__atomic_load_n(&asked, __ATOMIC_RELAXED))) start();
}

void background_thread_ends(void) {
    if (likely(!__atomic_load_n(&asked, __ATOMIC_RELAXED))) return;
    if (syscall_6(SYS_gettid, 0, 0, 0, 0, 0, 0) != process_id()) return;
    __atomic_store_n(&ending, 1, __ATOMIC_RELEASE);
    port_wake(&ending, PORT_WAKE_ALL);
}

COLD void background_ask(void) {
    __atomic_store_n(&asked, true, __ATOMIC_RELAXED);
    if (!libc_single_threaded) start();
}
