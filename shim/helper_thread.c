/* Starts the library's own threads. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "helper_thread.h"
#include "heap/world.h"
#include "next.h"
#include <heapalloc/port.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>

enum { STACK_BYTES = 64 * 1024 };

typedef int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

bool helper_start(helper_function *run, void *argument) {
    static void *libcs;
    create *next = (create *)(uintptr_t)next_of(&libcs, "pthread_create");
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;
    heap_enter(); /* with a heap, this thread's end calls background_thread_ends() */
    if (!next || pthread_attr_init(&attributes) != 0) return false;
    pthread_attr_setstacksize(&attributes, STACK_BYTES > PTHREAD_STACK_MIN ? STACK_BYTES : PTHREAD_STACK_MIN);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    port_expect_fork();
    bool started = next(&thread, &attributes, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}
