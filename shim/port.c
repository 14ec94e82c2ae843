/* The Linux process as the core sees it: memory, clock, sleep. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/bits.h"
#include "events.h"
#include "libc.h"
#include "limit.h"
#include "mapped.h"
#include "metrics.h"
#include "next.h"
#include "process.h"
#include "shim.h"
#include "syscall.h"
#include <elf.h>
#include <errno.h>
#include <heapalloc/port.h>

#include <sys/mman.h>

#include <time.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };

static long map(void *at, size_t bytes, int protection, int flags) {
    return syscall_6(SYS_mmap, (long)at, (long)bytes, protection, flags, -1, 0);
}

const char *const port_alone = &libc_single_threaded;

STARTUP_DATA struct mapped mapped = {0};

STARTUP_TEXT size_t port_page_bytes(void) {
    STARTUP_DATA static size_t bytes = 0;
    if (bytes == 0) bytes = process_auxiliary(AT_PAGESZ, 4096);
    return bytes;
}

/* Sixteen random bytes that the kernel gives every program. */
static uint64_t random_word(int index) {
    const uint64_t *bytes = (const uint64_t *)process_auxiliary(AT_RANDOM, 0);
    return bytes ? bytes[index] : (uint64_t)(uintptr_t)&bytes * 0x9e3779b97f4a7c15;
}

STARTUP_TEXT uint64_t port_random(void) {
    /* The words themselves guard stacks and setjmp; what a heap block holds must not give them away. */
    uint64_t mix = (random_word(0) ^ random_word(1) >> 7) * 0x9e3779b97f4a7c15;
    mix = (mix ^ mix >> 29) * 0xbf58476d1ce4e5b9;
    return mix ^ mix >> 32;
}

/* The kernel fills an address space from its top, programs and their brk heap stand in its upper third: a random
 * place between an eighth and five eighths has nobody above it for hundreds of gigabytes, but a sanitizer's shadow:
 * where one is (arenas and pools are ours there, too) the kernel finds room. */
STARTUP_TEXT void *port_home(void) {
    if (aside()) return NULL;
    uintptr_t stack = (uintptr_t)__builtin_frame_address(0);
    unsigned bits = 64 - (unsigned)__builtin_clzl(stack);
    if (bits < 42) return NULL;
    uintptr_t from = (uintptr_t)1 << (bits - 3), room = (uintptr_t)1 << (bits - 1);
    return (void *)(from + (random_word(1) % (room >> 30) << 30));
}

STARTUP_TEXT bool port_map(void *at, size_t bytes) {
    if (unlikely(limits.set) && !limit_allows(at, bytes)) return false;
    long got = map(at, bytes, PROT_READ | PROT_WRITE, ANONYMOUS | MAP_FIXED_NOREPLACE);
    if (syscall_failed(got)) return false;
    if (unlikely(limits.set)) limit_note_growth((void *)got, bytes);
    if ((void *)got == at) {
        mapped_add(bytes);
        return true;
    }
    port_unreserve((void *)got, bytes); /* a kernel or emulator that took the address for a hint */
    return false;
}

STARTUP_TEXT void *port_reserve(size_t bytes) {
    long got = map(NULL, bytes, PROT_NONE, ANONYMOUS);
    return syscall_failed(got) ? NULL : (void *)got;
}

STARTUP_TEXT bool port_commit(void *at, size_t bytes) {
    if (unlikely(limits.set) && !limit_allows(at, bytes)) return false;
    if (syscall_failed(syscall_6(SYS_mprotect, (long)at, (long)bytes, PROT_READ | PROT_WRITE, 0, 0, 0))) return false;
    if (unlikely(limits.set)) limit_note_growth(at, bytes);
    mapped_add(bytes);
    return true;
}

void port_unreserve(void *at, size_t bytes) {
    syscall_6(SYS_munmap, (long)at, (long)bytes, 0, 0, 0, 0);
}

bool port_unmap(void *at, size_t bytes) {
    if (syscall_failed(syscall_6(SYS_munmap, (long)at, (long)bytes, 0, 0, 0, 0))) return false;
    mapped_subtract(bytes);
    return true;
}

/* Asks without touching anything: the kernel has nothing to do for an asynchronous sync, but tells of unmapped pages.
 */
static bool is_mapped(void *at, size_t bytes) {
    return !syscall_failed(syscall_6(SYS_msync, (long)at, (long)bytes, MS_ASYNC, 0, 0, 0));
}

/* The kernel unmaps the target first, then looks at limits, locks and the number of mappings: when it refuses, the
 * target is a hole, or never was touched. The hole that stays behind where it moves is what keeps limits from refusing.
 */
bool port_move(void *to, size_t to_bytes, void *from, size_t from_bytes, void **unmapped) {
    long got =
        syscall_6(SYS_mremap, (long)from, (long)from_bytes, (long)to_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, (long)to, 0);
    bool moved = got == (long)to;
    *unmapped = moved ? from : is_mapped(to, to_bytes) ? NULL : to;
    if (*unmapped) mapped_subtract(moved ? from_bytes : to_bytes);
    return moved;
}

bool port_extend(void *at, size_t bytes, size_t new_bytes) {
    if (unlikely(limits.set) && !limit_allows(at, new_bytes - bytes)) return false;
    if (syscall_6(SYS_mremap, (long)at, (long)bytes, (long)new_bytes, 0, 0, 0) != (long)at) return false;
    mapped_add(new_bytes - bytes);
    return true;
}

void port_wait(uint32_t *word, uint32_t seen) {
    syscall_6(SYS_futex, (long)word, FUTEX_WAIT_OWN, seen, 0, 0, 0);
}

void port_wake(uint32_t *word, bool all) {
    syscall_6(SYS_futex, (long)word, FUTEX_WAKE_OWN, all ? 0x7fffffff : 1, 0, 0, 0);
}

void port_pause(uint32_t *word, uint32_t seen) {
    static const struct timespec millisecond = {0, 1000000};
    syscall_6(SYS_futex, (long)word, FUTEX_WAIT_OWN, seen, (long)&millisecond, 0, 0);
}

uint64_t port_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (unlikely(ms >= __atomic_load_n(&metrics_due_ms, __ATOMIC_RELAXED))) event_add(EVENT_METRICS);
    return ms;
}
