/* The explorer's world (port.h): memory from the system, one thread, a clock that stands still.
 *
 * Its heap is separate from the program's own malloc, so that it contains only what the session allocated, and damaging
 * it on purpose affects nothing else. Time stands still so that a session is the same however slowly it is typed: free
 * memory goes back by `trim`, not by age.
 */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "guard.h"
#include <heapalloc/port.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, PROBE_BYTES = 64 * 1024 };
#define HOME_BELOW ((uintptr_t)96 << 30) /* no mapping of the machine's own is expected here */
#define HOME_ALOFT ((uintptr_t)64 << 30)

size_t port_page_bytes(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

void *port_home(void) {
    char *probe = mmap(NULL, PROBE_BYTES, PROT_NONE, ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED) return NULL;
    munmap(probe, PROBE_BYTES);
    if ((uintptr_t)probe <= HOME_BELOW) return (void *)HOME_ALOFT; /* for an emulator that maps from the bottom */
    return (void *)(((uintptr_t)probe - HOME_BELOW) & ~(((uintptr_t)1 << 30) - 1));
}

bool port_map(void *at, size_t bytes) {
    void *got = mmap(at, bytes, PROT_READ | PROT_WRITE, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == at) return true;
    if (got != MAP_FAILED) munmap(got, bytes);
    return false;
}

void *port_reserve(size_t bytes) {
    void *got = mmap(NULL, bytes, PROT_NONE, ANONYMOUS, -1, 0);
    return got == MAP_FAILED ? NULL : got;
}

bool port_commit(void *at, size_t bytes) {
    return mprotect(at, bytes, PROT_READ | PROT_WRITE) == 0;
}

void port_unreserve(void *at, size_t bytes) {
    munmap(at, bytes);
}

bool port_purge(void *at, size_t bytes) {
    return madvise(at, bytes, MADV_DONTNEED) == 0;
}

static const char one_thread = 1;
const char *const port_alone = &one_thread;

size_t port_resident(const void *at, size_t bytes) {
    (void)at;
    return bytes;
}

/* Copying does here. */
bool port_move(void *to, size_t to_bytes, void *from, size_t from_bytes, void **unmapped) {
    (void)to, (void)to_bytes, (void)from, (void)from_bytes;
    *unmapped = NULL;
    return false;
}

bool port_extend(void *at, size_t bytes, size_t new_bytes) {
    (void)at, (void)bytes, (void)new_bytes;
    return false;
}

bool port_unmap(void *at, size_t bytes) {
    return munmap(at, bytes) == 0;
}

enum port_huge port_collapse(void *at) {
    (void)at;
    return PORT_HUGE_REFUSED;
}

enum port_huge port_prefault(void *at) {
    (void)at;
    return PORT_HUGE_REFUSED;
}

bool port_populate(void *at, size_t bytes) {
    (void)at, (void)bytes;
    return false;
}

/* With one thread this is reached only after a step that was stopped half-way and never released its lock. */
void port_wait(uint32_t *word, uint32_t seen) {
    static const char text[] = "a lock of the heap was never given back: a step before was stopped half-way";
    if (__atomic_load_n(word, __ATOMIC_RELAXED) == seen) guard_stop(text, sizeof(text) - 1);
}

void port_wake(uint32_t *word, bool all) {
    (void)word, (void)all;
}

void port_pause(uint32_t *word, uint32_t seen) {
    (void)word, (void)seen;
}

uint64_t port_now_ms(void) {
    return 0;
}

uint64_t port_random(void) {
    uint64_t number;
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number)) number = (uintptr_t)&number;
    return number;
}

/* The one thread's heap ends with the program. */
void port_thread_begin(void) {
}

/* Nobody forks. */
void port_expect_fork(void) {
}

bool port_on_stack(const void *p) {
    const char *here = __builtin_frame_address(0);
    return (const char *)p > here && (const char *)p < here + (1 << 16);
}

_Noreturn void port_stop(const char *text, size_t length) {
    guard_stop(text, length);
}
