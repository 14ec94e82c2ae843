/* Stops the other threads, each in a signal handler.
 *
 * The kernel saves a thread's registers on its stack, or on its stack for signals, before the handler runs, so that a
 * scan of the stack from the handler's frame up sees them. The handler stays installed: a thread that blocks the signal
 * gets it when it unblocks it, and the default action would end the program. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "leaks_stop.h"
#include "process.h"
#include "syscall.h"
#include <fcntl.h>
#include <heapalloc/port.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

enum { OWN_MAX = 8, THREADS_MAX = 4096, WAIT_MS = 1000, LIST_BYTES = 4096 };

struct entry { /* of a folder, as getdents64 returns it */
    uint64_t inode;
    int64_t next;
    uint16_t bytes;
    uint8_t kind;
    char name[];
};

static struct {
    uint32_t count;    /* threads that were sent the signal */
    uint32_t released; /* a futex; 1: they may go on */
    size_t left_out;
    int id[THREADS_MAX];
    uintptr_t stack[THREADS_MAX]; /* 0: has not stopped yet; atomic */
} stop;

static void stand_still(int number) {
    (void)number;
    int id = (int)syscall_6(SYS_gettid, 0, 0, 0, 0, 0, 0);
    uint32_t count = __atomic_load_n(&stop.count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        if (stop.id[i] == id) __atomic_store_n(&stop.stack[i], (uintptr_t)__builtin_frame_address(0), __ATOMIC_RELEASE);
    while (!__atomic_load_n(&stop.released, __ATOMIC_ACQUIRE)) port_wait(&stop.released, 0);
}

/* Install the handler for a real-time signal that the program does not use; returns the signal, 0: there is none. */
static int take_signal(void) {
    struct sigaction now, ours = {.sa_handler = stand_still, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigfillset(&ours.sa_mask);
    for (int number = SIGRTMAX - 1; number > SIGRTMIN; number--) {
        if (sigaction(number, NULL, &now) != 0) continue;
        if (now.sa_handler != SIG_DFL && now.sa_handler != stand_still) continue;
        if (sigaction(number, &ours, NULL) == 0) return number;
    }
    return 0;
}

static int own[OWN_MAX]; /* the library's threads, the latest; atomic */

void leaks_stop_never(void) {
    static uint32_t count;
    int id = (int)syscall_6(SYS_gettid, 0, 0, 0, 0, 0, 0);
    __atomic_store_n(&own[__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED) % OWN_MAX], id, __ATOMIC_RELAXED);
}

static bool is_known(int id) {
    for (int i = 0; i < OWN_MAX; i++)
        if (__atomic_load_n(&own[i], __ATOMIC_RELAXED) == id) return true;
    for (uint32_t i = 0; i < stop.count; i++)
        if (stop.id[i] == id) return true;
    return false;
}

/* Send the thread the signal. True: it was not known before. */
static bool tell_thread(const char *name, int number) {
    int id = 0;
    for (; *name >= '0' && *name <= '9'; name++) id = id * 10 + (*name - '0');
    if (id == 0 || id == syscall_6(SYS_gettid, 0, 0, 0, 0, 0, 0) || is_known(id)) return false;
    if (stop.count == THREADS_MAX) return stop.left_out++, false;
    stop.id[stop.count] = id;
    stop.stack[stop.count] = 0;
    __atomic_store_n(&stop.count, stop.count + 1, __ATOMIC_RELEASE);
    syscall_6(SYS_tgkill, process_id(), id, number, 0, 0, 0);
    return true;
}

/* Send every listed thread the signal. True: one was new, and may have started others. */
static bool tell_listed(int number) {
    char list[LIST_BYTES] __attribute__((aligned(8)));
    bool found = false;
    long folder = syscall_6(SYS_openat, AT_FDCWD, (long)"/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
    if (syscall_failed(folder)) return stop.left_out++, false;
    stop.left_out = 0;
    for (long bytes; (bytes = syscall_6(SYS_getdents64, folder, (long)list, LIST_BYTES, 0, 0, 0)) > 0;)
        for (char *at = list; at < list + bytes; at += ((struct entry *)(void *)at)->bytes)
            if (tell_thread(((struct entry *)(void *)at)->name, number)) found = true;
    syscall_6(SYS_close, folder, 0, 0, 0, 0, 0);
    return found;
}

/* Count the threads that are still running, without those that have ended. */
static size_t count_running(void) {
    size_t running = 0;
    for (uint32_t i = 0; i < stop.count; i++)
        if (!__atomic_load_n(&stop.stack[i], __ATOMIC_ACQUIRE) &&
            syscall_6(SYS_tgkill, process_id(), stop.id[i], 0, 0, 0, 0) == 0)
            running++;
    return running;
}

size_t leaks_stop(void) {
    int number = take_signal();
    stop.count = 0;
    __atomic_store_n(&stop.released, 0, __ATOMIC_RELEASE);
    size_t running = 0;
    do {
        if (!tell_listed(number)) break;
        for (int ms = 0; (running = count_running()) > 0 && ms < WAIT_MS; ms++) {
            struct timespec pause = {0, 1000000};
            syscall_6(SYS_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
        }
    } while (running == 0);
    return running + stop.left_out;
}

uintptr_t leaks_stopped_at(size_t n) {
    for (uint32_t i = 0; i < stop.count; i++)
        if (stop.stack[i] && n-- == 0) return stop.stack[i];
    return 0;
}

void leaks_resume(void) {
    __atomic_store_n(&stop.released, 1, __ATOMIC_RELEASE);
    port_wake(&stop.released, PORT_WAKE_ALL);
}
