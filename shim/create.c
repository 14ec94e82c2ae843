/* pthread_create, so that fork handlers stand before there is a second thread: a thread that registered them at its first
 * malloc, under a lock of stdio's maybe, would wait for a fork that waits for this lock. */
#define _GNU_SOURCE
#include "shim.h"
#include <dlfcn.h>
#include <heapalloc/port.h>
#include <pthread.h>

typedef int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    static create *libcs;
    port_expect_fork();
    create *next = __atomic_load_n(&libcs, __ATOMIC_RELAXED);
    if (!next) {
        next = (create *)(uintptr_t)dlsym(RTLD_NEXT, "pthread_create");
        if (!next) return EAGAIN;
        __atomic_store_n(&libcs, next, __ATOMIC_RELAXED);
    }
    return next(thread, attributes, run, argument);
}
