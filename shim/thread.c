/* Threads and forks of the process: when a heap is given up, when all locks are held. */
/* SPDX-License-Identifier: MIT */
#include "background.h"
#include "heap/fast.h"
#include "libc.h"
#include "options.h"
#include <heapalloc/port.h>
#include <limits.h>
#include <pthread.h>

/* What libc knows this library's fork handlers by; crtbeginS.o has one, but the shared libraries do without start
 * files, whose code would run at each start, apart from STARTUP_TEXT's. */
void *__dso_handle __attribute__((weak, visibility("hidden"))) = &__dso_handle;

static pthread_key_t key;
static int started;

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

/* While there is one thread nobody else holds a lock, and a signal handler may fork while that thread holds one. Only
 * libc knows: a thread may be free()ing before it has a heap. */
static void prepare_fork(void) {
    if (!libc_single_threaded) fork_prepare();
}

/* As early as it is worth it, so that our handlers stand among the first: glibc runs those last before, and first after
 * a fork. Registering touches 64 KiB of libc that a short program has no use for; it allocates beyond 48 handlers, and
 * is here again then. Whoever else comes just then does not wait, because a fork may have left the other thread behind;
 * shim/create.c sees to it that there is hardly ever one. */
void port_expect_fork(void) {
    static bool begun;
    if (__atomic_load_n(&begun, __ATOMIC_RELAXED) || __atomic_exchange_n(&begun, true, __ATOMIC_ACQ_REL)) return;
    pthread_atfork(prepare_fork, fork_parent, fork_child);
}

/* The first thread does this, with its heap in place, so libc may allocate. A second thread at the same time waits: it
 * cannot be the same one again, which has its heap by now. */
static void start(void) {
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
    start();
#ifdef HEAPALLOC_STATIC
    port_expect_fork();
#endif
    pthread_setspecific(key, (void *)(uintptr_t)PTHREAD_DESTRUCTOR_ITERATIONS);
}
