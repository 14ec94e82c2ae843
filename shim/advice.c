/* Advises the kernel about memory that stays mapped: purge it, populate it, or back it with huge pages. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "advice.h"
#include "base/bits.h"
#include "group.h"
#include "options.h"
#include "sandbox.h"
#include "syscall.h"
#include <errno.h>
#include <fcntl.h>
#include <heapalloc/port.h>
#include <sys/mman.h>
#include <time.h>

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static long advise(void *at, size_t bytes, int advice) {
    return syscall_6(SYS_madvise, (long)at, (long)bytes, advice, 0, 0, 0);
}

/* True when `page` is mapped and not locked. The probe is MADV_COLD, which only makes one page a candidate for reclaim;
 * it fails if the page is locked or the kernel is older than 5.4. */
static bool is_unlocked(char *page) {
    return advise(page, port_page_bytes(), MADV_COLD) == 0;
}

/* Unlock what the program locked and freed, as munmap would, unless this splits a mapping: after mlockall the
 * neighbours are locked too, and the range stays locked. */
static bool unlock(char *at, size_t bytes) {
    if (sandboxed() || (!is_unlocked(at - port_page_bytes()) && !is_unlocked(at + bytes))) return false;
    return syscall_6(SYS_munlock, (long)at, (long)bytes, 0, 0, 0, 0) == 0;
}

/* Whether `page` is resident, or cannot be told. */
static bool is_resident(char *page) {
    unsigned char state = 1;
    if (sandboxed()) return true;
    long got = syscall_6(SYS_mincore, (long)page, (long)port_page_bytes(), (long)&state, 0, 0, 0);
    return syscall_failed(got) || state & 1;
}

/* Purge locked pages by advice that Linux has since 5.18. An emulator reports success for advice that it does not know,
 * so the first call checks that a page really goes. */
static bool purge_locked(char *at, size_t bytes) {
    static int works; /* 1: it does, -1: it does not, 0: not tried yet */
    int known = __atomic_load_n(&works, __ATOMIC_RELAXED);
    if (known < 0) return false;
    if (known == 0) (void)*(volatile char *)at; /* now it is resident */
    if (advise(at, bytes, MADV_DONTNEED_LOCKED) != 0) return false;
    if (known == 0) __atomic_store_n(&works, known = is_resident(at) ? -1 : 1, __ATOMIC_RELAXED);
    return known > 0;
}

enum { HUGE_SHIFT = 21, HUGE_BYTES = 1 << HUGE_SHIFT, NOTED_MAX = 1 << 15 };

/* Where the program advised huge pages: a bit for each 2 MiB; ranges 64 GiB apart share one. */
static uint8_t noted[NOTED_MAX / 8];
static bool notes; /* some bit was set */

static uint8_t *note_of(uintptr_t at, uint8_t *bit) {
    uintptr_t index = at >> HUGE_SHIFT & (NOTED_MAX - 1);
    *bit = (uint8_t)(1 << index % 8);
    return &noted[index / 8];
}

void advice_note_huge(void *at, size_t bytes) {
    uint8_t bit;
    for (uintptr_t range = (uintptr_t)at & -(uintptr_t)HUGE_BYTES; range < (uintptr_t)at + bytes; range += HUGE_BYTES) {
        uint8_t *note = note_of(range, &bit);
        __atomic_fetch_or(note, bit, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&notes, true, __ATOMIC_RELAXED);
}

/* Withdraw the program's advice after its block is freed: the next user of a small part should not get 2 MiB. Only
 * whole huge pages are declined, because a part would become a mapping of its own. */
static void decline_huge(uintptr_t from, uintptr_t to) {
    uintptr_t first = 0, past = 0;
    from = (from + HUGE_BYTES - 1) & -(uintptr_t)HUGE_BYTES;
    for (uint8_t bit; from + HUGE_BYTES <= to; from += HUGE_BYTES) {
        uint8_t *note = note_of(from, &bit);
        if (!(__atomic_load_n(note, __ATOMIC_RELAXED) & bit)) continue;
        __atomic_fetch_and(note, (uint8_t)~bit, __ATOMIC_RELAXED);
        first = first ? first : from;
        past = from + HUGE_BYTES;
    }
    if (first) advise((void *)first, past - first, MADV_NOHUGEPAGE);
}

enum { LARGEST_PAGE = 65536 };

/* Check once that purging a small range clears it. An emulator whose pages are smaller than the machine's reports
 * success for parts of a machine page without purging them; such memory would count as clean and keep its contents. */
static bool small_pieces_go(char *at, size_t bytes) {
    static int works; /* 1: it does, -1: it does not, 0: not tried yet */
    int known = __atomic_load_n(&works, __ATOMIC_RELAXED);
    if (known != 0) return known > 0;
    *(volatile char *)at = 1;
    if (advise(at, bytes, MADV_DONTNEED) != 0) return true; /* refused, not ignored: checked again next time */
    known = *(volatile char *)at == 0 ? 1 : -1;
    __atomic_store_n(&works, known, __ATOMIC_RELAXED);
    return known > 0;
}

/* MADV_DONTNEED fails with EINVAL on locked pages: these are unlocked first, or purged by the newer advice. */
STARTUP_TEXT bool port_purge(void *at, size_t bytes) {
    if (((uintptr_t)at | bytes) % LARGEST_PAGE != 0 && !small_pieces_go(at, bytes)) return false;
    long got = advise(at, bytes, MADV_DONTNEED);
    bool done = got == 0 || (got == -EINVAL &&
                             ((unlock(at, bytes) && advise(at, bytes, MADV_DONTNEED) == 0) || purge_locked(at, bytes)));
    if (done && bytes >= HUGE_BYTES && __atomic_load_n(&notes, __ATOMIC_RELAXED))
        decline_huge((uintptr_t)at, (uintptr_t)at + bytes);
    return done;
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
    if (advise(at, HUGE_BYTES, MADV_COLLAPSE) != 0) return PORT_HUGE_REFUSED;
    return now_ns() - begun > SLOW_NS ? PORT_HUGE_SLOW : PORT_HUGE_DONE;
}

enum port_huge port_collapse(void *at) {
    return huge_pages_allowed() ? collapse(at) : PORT_HUGE_REFUSED;
}

/* Touch one page and collapse: the kernel collapses nothing without a page table. Memory that is already resident is
 * locked, and the kernel populated it when it was mapped. */
enum port_huge port_prefault(void *at) {
    char *page = at;
    if (!huge_pages_allowed() || is_resident(page + 4096)) return PORT_HUGE_REFUSED;
    *(volatile char *)page = 0;
    return collapse(at);
}

/* Populate small pages at once, by advice that Linux has since 5.14. */
bool port_populate(void *at, size_t bytes) {
    return huge_pages_allowed() && advise(at, bytes, MADV_POPULATE_WRITE) == 0;
}

/* Advise the huge pages that lie whole in a growth step. */
void advice_want_huge(char *at, size_t bytes) {
    uintptr_t from = ((uintptr_t)at + HUGE_BYTES - 1) & -(uintptr_t)HUGE_BYTES;
    uintptr_t to = ((uintptr_t)at + bytes) & -(uintptr_t)HUGE_BYTES;
    if (from < to) advise((void *)from, to - from, MADV_HUGEPAGE);
}
