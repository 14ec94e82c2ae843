/* Threads and forks of the process: when a heap is given up, when all locks are held. */
#include "heap/fast.h"
#include <heapalloc/port.h>
#include <limits.h>
#include <pthread.h>
#include <sys/single_threaded.h>

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

/* While there is one thread nobody else holds a lock, and a signal handler may fork while that thread holds one. Only libc
 * knows: a thread may be free()ing before it has a heap. */
static void prepare_fork(void) {
    if (!__libc_single_threaded) fork_prepare();
}

/* The first thread does this, with its heap in place, so libc may allocate. Early, so that the fork handlers stand first:
 * glibc then runs ours last before, and first after a fork. A second thread at the same time waits: it cannot be
 * the same one again, which has its heap by now. */
static void start(void) {
    int seen = 0;
    if (__atomic_compare_exchange_n(&started, &seen, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        pthread_key_create(&key, round_ended);
        pthread_atfork(prepare_fork, fork_parent, fork_child);
        __atomic_store_n(&started, 2, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) != 2) {}
}

void port_thread_begin(void) {
    start();
    pthread_setspecific(key, (void *)(uintptr_t)PTHREAD_DESTRUCTOR_ITERATIONS);
}
