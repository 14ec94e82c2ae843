/* Bounds that were set for the heap of a process. */
/* SPDX-License-Identifier: MIT */
#include "limit.h"
#include "advice.h"
#include "base/bits.h"
#include "options.h"
#include "report.h"
#include "span/units.h"

enum { STDERR = 2 };

struct limits limits;

void limit_update(void) {
    limits.bytes = option_number(OPTION_LIMIT);
    limits.soft_bytes = option_number(OPTION_SOFT_LIMIT);
    limits.huge = option_number(OPTION_HUGEPAGES) == HUGEPAGES_ALWAYS;
    limits.set = limits.bytes || limits.soft_bytes || limits.huge;
}

/* What the spans have, without what went back with its addresses. Asked when the heap grows, which one thread does at a
 * time. */
static uint64_t heap_bytes(void) {
    uint64_t bytes = load_relaxed(span_home.bytes);
    for (uint32_t i = 0; i < load_acquire(span_count); i++)
        if (span_list[i]) bytes += load_relaxed(span_list[i]->bytes);
    uint64_t gone = (uint64_t)load_relaxed(units.gone_units) << UNIT_SHIFT;
    return bytes > gone ? bytes - gone : 0;
}

static void tell(uint64_t bytes) {
    static bool told;
    struct report report;
    if (__atomic_exchange_n(&told, true, __ATOMIC_RELAXED)) return;
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
    if (limits.soft_bytes && wanted > limits.soft_bytes) tell(wanted);
    return true;
}

void limit_note_growth(void *at, size_t bytes) {
    if (limits.huge) advice_want_huge(at, bytes);
}
