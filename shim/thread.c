/* Threads and forks of the process: when a heap is given up, when all locks are held. */
#include "heap/fast.h"
#include <heapalloc/port.h>
#include <limits.h>
#include <pthread.h>

static pthread_key_t key;
static int started;

/* libc runs key destructors in PTHREAD_DESTRUCTOR_ITERATIONS rounds as long as values are left. The heap stays to the
 * last round, so that other keys' destructors find it; the value counts the rounds to go. */
static void round_ended(void *rounds_left) {
    uintptr_t left = (uintptr_t)rounds_left;
    if (left > 1)
        pthread_setspecific(key, (void *)(left - 1));
    else
        heap_leave();
}

/* Called by the first thread only, while it is alone or nearly so: its heap is already in place, so libc may
 * allocate. Early, so that the handlers stand first: glibc then runs ours last before, and first after a fork. */
static void start(void) {
    if (__atomic_exchange_n(&started, 1, __ATOMIC_ACQ_REL)) return;
    pthread_key_create(&key, round_ended);
    pthread_atfork(fork_prepare, fork_parent, fork_child);
    __atomic_store_n(&started, 2, __ATOMIC_RELEASE);
}

void port_thread_begin(void) {
    start();
    if (__atomic_load_n(&started, __ATOMIC_ACQUIRE) == 2)
        pthread_setspecific(key, (void *)(uintptr_t)PTHREAD_DESTRUCTOR_ITERATIONS);
}
