/* The scripted world's memory: pages of the machine, provided and refused as the script says. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fake.h"
#include <heapalloc/port.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { STEP_BYTES = 64 * 1024, RANGES_MAX = 600 };
#define HOME_BELOW ((uintptr_t)96 << 30) /* no mapping of the machine's own is there */
#define HOME_ALOFT ((uintptr_t)64 << 30)

struct fake_script fake = {.page_bytes = 4096,
                           .has_home = true,
                           .can_purge = true,
                           .can_collapse = true,
                           .can_move = true,
                           .fail_run = 1,
                           .fail_purge_run = 1,
                           .now_ms = 1000,
                           .random = 0x5eed5eed5eed5eed};
struct fake_counts fake_counts;
void (*fake_at_request)(void);
void (*fake_at_purge)(void);
void (*fake_at_collapse)(char *at);
void (*fake_at_prefault)(char *at);

static struct {
    char *at;
    size_t bytes;
} reserved[RANGES_MAX];

#define add(x, n) __atomic_add_fetch(&(x), (n), __ATOMIC_RELAXED)

/* The last range that was given back: the next is requested there, as a kernel would choose. Emulators would use ever
 * new addresses instead, and keep tables for all that were ever used. */
static char *given_back;

/* A broken promise of the core to the port. */
static void promise(bool kept, const char *which) {
    if (kept) return;
    fprintf(stderr, "fake port: the core broke its promise: %s\n", which);
    abort();
}

static bool is_step(const void *at, size_t bytes) {
    return ((uintptr_t)at | bytes) % STEP_BYTES == 0 && bytes > 0;
}

/* Whether the script grants this request. */
static bool grants(size_t memory, size_t space) {
    uint32_t n = add(fake_counts.requests, 1);
    if (fake_at_request) fake_at_request();
    bool refused = fake.fail_at && n >= fake.fail_at && n - fake.fail_at < fake.fail_run;
    if (fake.fail_each && n % fake.fail_each == 0) refused = true;
    if (fake.memory_max && add(fake_counts.memory, 0) + memory > fake.memory_max) refused = true;
    if (fake.space_max && add(fake_counts.space, 0) + space > fake.space_max) refused = true;
    if (refused) add(fake_counts.failures, 1);
    return !refused;
}

size_t port_page_bytes(void) {
    size_t real = (size_t)sysconf(_SC_PAGESIZE);
    return fake.page_bytes > real ? fake.page_bytes : real;
}

/* Free addresses without a request for any: far below the machine's mappings, or beyond those of an emulator that maps
 * from the bottom. */
void *port_home(void) {
    add(fake_counts.homes, 1);
    if (!fake.has_home) return NULL;
    char *probe = mmap(NULL, STEP_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED) return NULL;
    munmap(probe, STEP_BYTES);
    if ((uintptr_t)probe <= HOME_BELOW) return (void *)HOME_ALOFT;
    return (void *)(((uintptr_t)probe - HOME_BELOW) & ~(((uintptr_t)1 << 30) - 1));
}

/* The lowest and highest address that port_unmap and port_move left unmapped. */
static struct { char *from, *to; } unmapped_range;

static void note_unmapped(char *at, size_t bytes) {
    char *from = __atomic_load_n(&unmapped_range.from, __ATOMIC_RELAXED),
         *to = __atomic_load_n(&unmapped_range.to, __ATOMIC_RELAXED);
    while ((!from || at < from) &&
           !__atomic_compare_exchange_n(&unmapped_range.from, &from, at, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    while (at + bytes > to && !__atomic_compare_exchange_n(&unmapped_range.to, &to, at + bytes, false, __ATOMIC_RELAXED,
                                                           __ATOMIC_RELAXED)) {
    }
    munmap(at, bytes);
    add(fake_counts.memory, -bytes);
    add(fake_counts.space, -bytes);
}

static bool was_unmapped(char *at, size_t bytes) {
    return at >= __atomic_load_n(&unmapped_range.from, __ATOMIC_RELAXED) &&
           at + bytes <= __atomic_load_n(&unmapped_range.to, __ATOMIC_RELAXED);
}

bool port_map(void *at, size_t bytes) {
    bool again = was_unmapped(at, bytes);
    promise(again ? ((uintptr_t)at | bytes) % port_page_bytes() == 0 && bytes > 0 : is_step(at, bytes),
            "maps multiples of 64 KiB, or pages that were mapped");
    if (!grants(bytes, bytes)) return false;
    void *got = mmap(at, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == MAP_FAILED) return false;
    if (got != at) {
        munmap(got, bytes);
        return false;
    }
    add(fake_counts.memory, bytes);
    add(fake_counts.space, bytes);
    return true;
}

void *port_reserve(size_t bytes) {
    promise(bytes % STEP_BYTES == 0, "reserves multiples of 64 KiB");
    if (!grants(0, bytes)) return NULL;
    char *got = mmap(__atomic_exchange_n(&given_back, NULL, __ATOMIC_RELAXED), bytes, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got == MAP_FAILED) return NULL;
    for (int i = 0; i < RANGES_MAX; i++) {
        char *none = NULL;
        if (!__atomic_compare_exchange_n(&reserved[i].at, &none, got, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            continue;
        reserved[i].bytes = bytes;
        add(fake_counts.space, bytes);
        return got;
    }
    promise(false, "reserves a few hundred ranges at most");
    return NULL;
}

static bool is_reserved(const char *at, size_t bytes) {
    for (int i = 0; i < RANGES_MAX; i++) {
        const char *from = __atomic_load_n(&reserved[i].at, __ATOMIC_ACQUIRE);
        if (from && at >= from && at + bytes <= from + reserved[i].bytes) return true;
    }
    return false;
}

bool port_commit(void *at, size_t bytes) {
    promise(is_step(at, bytes), "commits multiples of 64 KiB");
    promise(is_reserved(at, bytes), "commits what it has reserved");
    if (!grants(bytes, 0)) return false;
    if (mprotect(at, bytes, PROT_READ | PROT_WRITE) != 0) return false;
    add(fake_counts.memory, bytes);
    return true;
}

void port_unreserve(void *at, size_t bytes) {
    bool was_mapped = true;
    for (int i = 0; i < RANGES_MAX; i++) {
        if (reserved[i].at != at) continue;
        promise(reserved[i].bytes == bytes, "gives back the range that it was given");
        __atomic_store_n(&reserved[i].at, NULL, __ATOMIC_RELEASE);
        was_mapped = false;
    }
    if (was_mapped) add(fake_counts.memory, -bytes);
    add(fake_counts.space, -bytes);
    munmap(at, bytes);
    if (!was_mapped) __atomic_store_n(&given_back, (char *)at, __ATOMIC_RELAXED);
}

/* Whether this purge is to fail half-way. */
static bool halves_purge(void *at, size_t bytes) {
    uint32_t n = add(fake_counts.purge_calls, 1);
    if (!fake.fail_purge || n < fake.fail_purge || n - fake.fail_purge >= fake.fail_purge_run) return false;
    size_t page = port_page_bytes(), front = bytes / page / 2 * page;
    if (front > 0) madvise(at, front, MADV_DONTNEED);
    add(fake_counts.refusals, 1);
    return true;
}

bool port_purge(void *at, size_t bytes) {
    promise(((uintptr_t)at | bytes) % port_page_bytes() == 0 && bytes > 0, "purges whole pages");
    if (fake_at_purge) fake_at_purge();
    if (halves_purge(at, bytes)) return false;
    if (!fake.can_purge) {
        add(fake_counts.refusals, 1);
        return false;
    }
    if (fake.refused >= (char *)at && fake.refused < (char *)at + bytes) {
        add(fake_counts.refusals, 1);
        if (fake.refused > (char *)at) madvise(at, (size_t)(fake.refused - (char *)at), MADV_DONTNEED);
        return false;
    }
    add(fake_counts.purges, 1);
    add(fake_counts.purged_bytes, bytes);
    return madvise(at, bytes, MADV_DONTNEED) == 0;
}

size_t port_resident(const void *at, size_t bytes) {
    size_t page = port_page_bytes();
    promise(((uintptr_t)at | bytes) % page == 0, "looks at whole pages");
    return fake.is_sparse ? 0 : bytes;
}

/* Whether the script lets this call, which unmaps, moves or extends, succeed. */
static bool lets(void) {
    uint32_t n = add(fake_counts.changes, 1);
    return !fake.fail_change || n != fake.fail_change;
}

bool port_unmap(void *at, size_t bytes) {
    promise(((uintptr_t)at | bytes) % port_page_bytes() == 0 && bytes > 0, "unmaps whole pages");
    if (!lets()) return false;
    add(fake_counts.unmaps, 1);
    note_unmapped(at, bytes);
    return true;
}

/* If the script lets a move fail, the target may stay unmapped; if the move works, the source may become so, and only
 * the difference counts as growth. */
bool port_move(void *to, size_t to_bytes, void *from, size_t from_bytes, void **unmapped) {
    size_t page = port_page_bytes();
    promise(((uintptr_t)to | (uintptr_t)from | from_bytes | to_bytes) % page == 0, "moves whole pages");
    promise(from_bytes <= to_bytes, "moves to where there is room");
    *unmapped = to;
    if (fake.move_unmaps) add(fake_counts.memory, -from_bytes), add(fake_counts.space, -from_bytes);
    bool mapped = fake.can_move && port_map(to, to_bytes);
    if (fake.move_unmaps) add(fake_counts.memory, from_bytes), add(fake_counts.space, from_bytes);
    if (!mapped) return false;
    bool moves = lets();
    *unmapped = NULL;
    if (moves) {
        add(fake_counts.moves, 1);
        memcpy(to, from, from_bytes);
        memset(from, 0, from_bytes);
    }
    if (fake.move_unmaps) {
        *unmapped = moves ? from : to;
        note_unmapped(*unmapped, moves ? from_bytes : to_bytes);
    }
    return moves;
}

bool port_extend(void *at, size_t bytes, size_t new_bytes) {
    promise(((uintptr_t)at | bytes | new_bytes) % port_page_bytes() == 0 && bytes < new_bytes, "extends whole pages");
    return lets() && port_map((char *)at + bytes, new_bytes - bytes);
}

static enum port_huge huge_result(void) {
    if (!fake.can_collapse) return PORT_HUGE_REFUSED;
    return fake.collapse_is_slow ? PORT_HUGE_SLOW : PORT_HUGE_DONE;
}

enum port_huge port_collapse(void *at) {
    promise((uintptr_t)at % (2 << 20) == 0, "collapses multiples of 2 MiB");
    add(*(fake.can_collapse ? &fake_counts.collapses : &fake_counts.collapses_failed), 1);
    if (fake_at_collapse && fake.can_collapse) fake_at_collapse(at);
    return huge_result();
}

enum port_huge port_prefault(void *at) {
    promise((uintptr_t)at % (2 << 20) == 0, "prefaults multiples of 2 MiB");
    add(*(fake.can_collapse ? &fake_counts.prefaults : &fake_counts.prefaults_failed), 1);
    if (fake_at_prefault && fake.can_collapse) fake_at_prefault(at);
    return huge_result();
}

bool port_populate(void *at, size_t bytes) {
    promise(((uintptr_t)at | bytes) % port_page_bytes() == 0 && bytes > 0, "populates whole pages");
    add(fake_counts.populates, 1);
    return !fake.populate_fails;
}
