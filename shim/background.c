/* A thread that gives memory back while all others sleep. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "background.h"
#include "events_run.h"
#include "heap/fast.h"
#include "heap/world.h"
#include "helper_thread.h"
#include "leaks_stop.h"
#include "libc.h"
#include "metrics_socket.h"
#include "process.h"
#include "span/purge.h"
#include "syscall.h"
#include <heapalloc/port.h>
#include <sys/prctl.h>
#include <time.h>

enum { LONGEST_MS = 60 * 1000 };

static bool asked;
static long running_in; /* the process that has the thread: a fork's child does not */
static uint32_t ending; /* the main thread has ended; a futex */

/* Tick once in each quarter of the decay time, as other threads do on their slow paths. It sleeps by a system call:
 * libc's sleep is a cancellation point, and may be wrapped. */
static void *run(void *unused) {
    syscall_6(SYS_prctl, PR_SET_NAME, (long)"heapalloc", 0, 0, 0, 0);
    leaks_stop_never();
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

static void start(void) {
    long here = process_id(), seen = __atomic_load_n(&running_in, __ATOMIC_RELAXED);
    if (seen == here || !__atomic_compare_exchange_n(&running_in, &seen, here, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&ending, 0, __ATOMIC_RELEASE);
    if (!helper_start(run, NULL)) __atomic_store_n(&running_in, 0, __ATOMIC_RELAXED);
}

STARTUP_TEXT void background_thread_starts(void) {
    if (unlikely(__atomic_load_n(&asked, __ATOMIC_RELAXED))) start();
}

STARTUP_TEXT void background_thread_ends(void) {
    if (likely(!__atomic_load_n(&asked, __ATOMIC_RELAXED) && !metrics_socket_is_open())) return;
    if (syscall_6(SYS_gettid, 0, 0, 0, 0, 0, 0) != process_id()) return;
    __atomic_store_n(&ending, 1, __ATOMIC_RELEASE);
    port_wake(&ending, PORT_WAKE_ALL);
    metrics_socket_close();
}

COLD void background_ask(enum background_start when) {
    __atomic_store_n(&asked, true, __ATOMIC_RELAXED);
    if (when == BACKGROUND_AT_ONCE || !libc_single_threaded) start();
}
