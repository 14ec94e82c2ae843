/* Purges memory that stays mapped, where pages are locked and in emulators too. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "advise.h"
#include "base/bits.h"
#include "huge_pages.h"
#include "sandbox.h"
#include <errno.h>

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

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

/* Purge locked pages by advice that Linux has since 5.18. An emulator reports success for advice that it does not know,
 * so the first call checks that a page really goes. */
static bool purge_locked(char *at, size_t bytes) {
    static int works; /* 1: it does, -1: it does not, 0: not tried yet */
    int known = __atomic_load_n(&works, __ATOMIC_RELAXED);
    if (known < 0) return false;
    if (known == 0) (void)*(volatile char *)at; /* now it is resident */
    if (advise(at, bytes, MADV_DONTNEED_LOCKED) != 0) return false;
    if (known == 0) __atomic_store_n(&works, known = advise_is_resident(at) ? -1 : 1, __ATOMIC_RELAXED);
    return known > 0;
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
    if (done && bytes >= HUGE_PAGE_BYTES && __atomic_load_n(&huge_pages_noted, __ATOMIC_RELAXED))
        huge_pages_decline((uintptr_t)at, (uintptr_t)at + bytes);
    return done;
}
