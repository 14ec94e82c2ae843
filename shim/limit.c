/* Enforces the limits on the heap's growth. */
/* SPDX-License-Identifier: MIT */
#include "limit.h"
#include "base/bits.h"
#include "events.h"
#include "huge_pages.h"
#include "options.h"
#include "report.h"
#include "shim.h"
#include "span/units.h"
#include "syscall.h"
#include <heapalloc/heapalloc.h>
#include <sys/prctl.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#ifndef PR_SET_VMA_ANON_NAME
#define PR_SET_VMA_ANON_NAME 0
#endif

enum { STDERR = 2 };

STARTUP_DATA struct limits limits = {0};

/* The function to call at the soft limit, and whether it was reported. All atomic. */
static struct {
    heapalloc_soft_limit_function *function;
    void *argument;
    size_t bytes; /* the heap's, when it passed the limit */
    bool told;    /* reported, and the heap has not been below seven eighths of it since */
} soft;

COLD void limit_update(void) {
    limits.bytes = option_number(OPTION_LIMIT);
    limits.soft_bytes = option_number(OPTION_SOFT_LIMIT);
    limits.huge = option_number(OPTION_HUGEPAGES) == HUGEPAGES_ALWAYS;
    limits.named = option_number(OPTION_NAME);
    limits.set = limits.bytes || limits.soft_bytes || limits.huge || limits.named;
    __atomic_store_n(&soft.told, false, __ATOMIC_RELAXED);
}

/* The bytes of all spans, without what was unmapped. Called when the heap grows, which one thread does at a time. */
static uint64_t heap_bytes(void) {
    uint64_t bytes = load_relaxed(span_home.bytes);
    for (uint32_t i = 0; i < load_acquire(span_count); i++)
        if (span_list[i]) bytes += load_relaxed(span_list[i]->bytes);
    uint64_t unmapped = (uint64_t)load_relaxed(units.unmapped_units) << UNIT_SHIFT;
    return bytes > unmapped ? bytes - unmapped : 0;
}

/* Report the soft limit once. The core's growth lock is held, so the program's function is called later. */
static void limit_tell(uint64_t bytes) {
    struct report report;
    if (__atomic_exchange_n(&soft.told, true, __ATOMIC_RELAXED)) return;
    if (__atomic_load_n(&soft.function, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&soft.bytes, bytes, __ATOMIC_RELAXED);
        return event_add(EVENT_SOFT_LIMIT);
    }
    report_begin(&report);
    report_add(&report, "the heap grows to");
    report_add_bytes(&report, bytes);
    report_add(&report, ", beyond soft_limit=");
    report_add(&report, option_text(OPTION_SOFT_LIMIT));
    report_add(&report, "\n");
    report_write(&report, STDERR);
}

bool limit_allows(void *at, size_t bytes) {
    (void)at;
    uint64_t wanted = heap_bytes() + bytes;
    if (limits.bytes && wanted > limits.bytes) return false;
    if (limits.soft_bytes && wanted > limits.soft_bytes) limit_tell(wanted);
    if (wanted <= limits.soft_bytes - limits.soft_bytes / 8) __atomic_store_n(&soft.told, false, __ATOMIC_RELAXED);
    return true;
}

void limit_note_growth(void *at, size_t bytes) {
    if (limits.huge) huge_pages_want(at, bytes);
    if (limits.named)
        syscall_6(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, (long)at, (long)bytes, (long)"heapalloc", 0);
}

COLD void limit_call(void) {
    heapalloc_soft_limit_function *function = __atomic_load_n(&soft.function, __ATOMIC_ACQUIRE);
    if (function)
        function(__atomic_load_n(&soft.bytes, __ATOMIC_RELAXED), __atomic_load_n(&soft.argument, __ATOMIC_RELAXED));
}

EXPORT COLD void heapalloc_on_soft_limit(heapalloc_soft_limit_function *function, void *argument) {
    __atomic_store_n(&soft.function, NULL, __ATOMIC_RELEASE);
    __atomic_store_n(&soft.argument, argument, __ATOMIC_RELAXED);
    __atomic_store_n(&soft.function, function, __ATOMIC_RELEASE);
}
