/* Huge pages: notes of where they were advised, and making them. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "huge_pages.h"
#include "advise.h"
#include "base/bits.h"
#include "group.h"
#include "options.h"
#include "sandbox.h"
#include <fcntl.h>
#include <time.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { HUGE_SHIFT = 21, NOTED_MAX = 1 << 15 };

/* Where the program advised huge pages: a bit for each 2 MiB; ranges 64 GiB apart share one. */
static uint8_t noted[NOTED_MAX / 8];
bool huge_pages_noted;

static uint8_t *note_of(uintptr_t at, uint8_t *bit) {
    uintptr_t index = at >> HUGE_SHIFT & (NOTED_MAX - 1);
    *bit = (uint8_t)(1 << index % 8);
    return &noted[index / 8];
}

void huge_pages_note(void *at, size_t bytes) {
    uint8_t bit;
    for (uintptr_t range = (uintptr_t)at & -(uintptr_t)HUGE_PAGE_BYTES; range < (uintptr_t)at + bytes;
         range += HUGE_PAGE_BYTES) {
        uint8_t *note = note_of(range, &bit);
        __atomic_fetch_or(note, bit, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&huge_pages_noted, true, __ATOMIC_RELAXED);
}

void huge_pages_decline(uintptr_t from, uintptr_t to) {
    uintptr_t first = 0, past = 0;
    from = (from + HUGE_PAGE_BYTES - 1) & -(uintptr_t)HUGE_PAGE_BYTES;
    for (uint8_t bit; from + HUGE_PAGE_BYTES <= to; from += HUGE_PAGE_BYTES) {
        uint8_t *note = note_of(from, &bit);
        if (!(__atomic_load_n(note, __ATOMIC_RELAXED) & bit)) continue;
        __atomic_fetch_and(note, (uint8_t)~bit, __ATOMIC_RELAXED);
        first = first ? first : from;
        past = from + HUGE_PAGE_BYTES;
    }
    if (first) advise((void *)first, past - first, MADV_NOHUGEPAGE);
}

/* True when the administrator allows huge pages: the file reads "always [madvise] never". MADV_COLLAPSE itself ignores
 * this setting. If the file cannot be read, they count as not allowed. */
static bool huge_pages_are_offered(void) {
    static int known; /* 1: allowed, -1: not allowed, 0: not read yet */
    int allowed = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (allowed == 0) {
        char text[64];
        long file = syscall_6(SYS_openat, AT_FDCWD, (long)"/sys/kernel/mm/transparent_hugepage/enabled",
                              O_RDONLY | O_CLOEXEC, 0, 0, 0);
        long length = syscall_failed(file) ? 0 : syscall_6(SYS_read, file, (long)text, sizeof(text), 0, 0, 0);
        if (!syscall_failed(file)) syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
        allowed = -1;
        for (long i = 0; i + 1 < length; i++)
            if (text[i] == '[') allowed = text[i + 1] == 'n' ? -1 : 1;
        __atomic_store_n(&known, allowed, __ATOMIC_RELAXED);
    }
    return allowed > 0;
}

/* The option is read each time, because the program may set it at any time. In a sandbox the file may not be opened.
 * Near the control group's limit no memory is made resident before it is touched, unless the option demands it. */
static bool huge_pages_allowed(void) {
    uint64_t wish = option_number(OPTION_HUGEPAGES);
    if (port_page_bytes() != 4096 || wish == HUGEPAGES_NEVER || sandboxed()) return false;
    if (wish != HUGEPAGES_ALWAYS && __atomic_load_n(&group.is_near, __ATOMIC_RELAXED)) return false;
    return huge_pages_are_offered();
}

/* Read the clock by a system call: libc's function may be a wrapper, and must not allocate here. 0: it failed. */
static uint64_t now_ns(void) {
    struct timespec now = {0};
    syscall_6(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0, 0);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A collapse that takes longer is slow. Clearing a huge page takes a third of a millisecond. In a virtual machine whose
 * free huge pages go back to the host, getting one takes four; 512 small pages, whose memory stayed, take 1.5, or 1.0
 * if populated at once. See decision 195. */
enum { SLOW_NS = 1000000 };

/* Collapse 2 MiB into a huge page by advice that Linux has since 6.1. Unlike MADV_HUGEPAGE it does not split the
 * mapping, and khugepaged does not refill what is purged later. */
static enum port_huge collapse(char *at) {
    uint64_t begun = now_ns();
    if (advise(at, HUGE_PAGE_BYTES, MADV_COLLAPSE) != 0) return PORT_HUGE_REFUSED;
    return now_ns() - begun > SLOW_NS ? PORT_HUGE_SLOW : PORT_HUGE_DONE;
}

enum port_huge port_collapse(void *at) {
    return huge_pages_allowed() ? collapse(at) : PORT_HUGE_REFUSED;
}

/* Touch one page and collapse: the kernel collapses nothing without a page table. Memory that is already resident is
 * locked, and the kernel populated it when it was mapped. */
enum port_huge port_prefault(void *at) {
    char *page = at;
    if (!huge_pages_allowed() || advise_is_resident(page + 4096)) return PORT_HUGE_REFUSED;
    *(volatile char *)page = 0;
    return collapse(at);
}

/* Populate small pages at once, by advice that Linux has since 5.14. */
bool port_populate(void *at, size_t bytes) {
    return huge_pages_allowed() && advise(at, bytes, MADV_POPULATE_WRITE) == 0;
}

void huge_pages_want(char *at, size_t bytes) {
    uintptr_t from = ((uintptr_t)at + HUGE_PAGE_BYTES - 1) & -(uintptr_t)HUGE_PAGE_BYTES;
    uintptr_t to = ((uintptr_t)at + bytes) & -(uintptr_t)HUGE_PAGE_BYTES;
    if (from < to) advise((void *)from, to - from, MADV_HUGEPAGE);
}
