/* pthread_create and thrd_create, so that fork handlers are registered before there is a second thread: a thread that
 * registered them at its first malloc, perhaps while it holds a lock of stdio, would wait for a fork that waits for
 * this lock. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "background.h"
#include "next.h"
#include "shim.h"
#include <heapalloc/port.h>
#include <pthread.h>
#include <threads.h>

typedef int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

EXPORT STARTUP_TEXT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                                       void *argument) {
    static STARTUP_CONST const char name[] = "pthread_create";
    static void *libcs;
    port_expect_fork();
    background_thread_starts();
    create *next = (create *)(uintptr_t)next_of(&libcs, name);
    if (!next) return EAGAIN;
    return next(thread, attributes, run, argument);
}

typedef int create_c11(thrd_t *thread, thrd_start_t run, void *argument);

EXPORT int thrd_create(thrd_t *thread, thrd_start_t run, void *argument) {
    static void *libcs;
    port_expect_fork();
    background_thread_starts();
    create_c11 *next = (create_c11 *)(uintptr_t)next_of(&libcs, "thrd_create");
    if (!next) return thrd_error;
    return next(thread, run, argument);
}
