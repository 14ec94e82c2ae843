/* The scripted world without its memory: time, sleep, threads, the end. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fake.h"
#include "heap/thread.h"
#include <errno.h>
#include <heapalloc/port.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

_Thread_local struct fake_catch *fake_catch;

const char *const port_alone = &__libc_single_threaded;

uint64_t port_now_ms(void) {
    return __atomic_load_n(&fake.now_ms, __ATOMIC_RELAXED);
}

uint64_t port_random(void) {
    return fake.random;
}

/* Worlds leave errno alone; libc's wrapper does not. */
static void futex(uint32_t *word, int operation, uint32_t value, const struct timespec *limit) {
    int before = errno;
    syscall(SYS_futex, word, operation, value, limit, NULL, 0);
    errno = before;
}

void port_wait(uint32_t *word, uint32_t seen) {
    __atomic_add_fetch(&fake_counts.waits, 1, __ATOMIC_RELAXED);
    futex(word, FUTEX_WAIT_PRIVATE, seen, NULL);
}

void port_wake(uint32_t *word, bool all) {
    __atomic_add_fetch(&fake_counts.wakes, 1, __ATOMIC_RELAXED);
    futex(word, FUTEX_WAKE_PRIVATE, all ? INT_MAX : 1, NULL);
}

void port_pause(uint32_t *word, uint32_t seen) {
    static const struct timespec millisecond = {0, 1000000};
    __atomic_add_fetch(&fake_counts.pauses, 1, __ATOMIC_RELAXED);
    futex(word, FUTEX_WAIT_PRIVATE, seen, &millisecond);
}

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void leave(void *set) {
    (void)set;
    heap_leave();
}

static void make_key(void) {
    pthread_key_create(&key, leave);
}

void port_thread_begin(void) {
    pthread_once(&once, make_key);
    pthread_setspecific(key, &key);
}

void port_expect_fork(void) {
    __atomic_add_fetch(&fake_counts.forks, 1, __ATOMIC_RELAXED);
}

bool port_on_stack(const void *p) {
    const char *here = __builtin_frame_address(0);
    return (const char *)p > here && (const char *)p < here + (1 << 16);
}

_Noreturn void port_stop(const char *text, size_t length) {
    struct fake_catch *catch = fake_catch;
    if (catch && length < sizeof(catch->text)) {
        memcpy(catch->text, text, length);
        catch->text[length] = 0;
        longjmp(catch->back, 1);
    }
    ssize_t written = write(STDERR_FILENO, text, length);
    (void)written;
    _exit(3);
}

bool fake_stopped(const struct fake_catch *catch, const char *words) {
    if (strstr(catch->text, words)) return true;
    static const char quote[] = "stopped with: ";
    ssize_t written = write(STDERR_FILENO, quote, sizeof(quote) - 1);
    written += write(STDERR_FILENO, catch->text, strlen(catch->text));
    return written < 0;
}
