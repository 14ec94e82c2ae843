/* When a profile is due while the program runs. */
/* SPDX-License-Identifier: MIT */
#include "profile_due.h"
#include "events.h"
#include "heap/fast.h"
#include "profile_lock.h"
#include "profile_table.h"
#include <heapalloc/port.h>

static struct {
    struct profile_when when;
    uint64_t next_16, next_peak_16, next_ms; /* totals, and the clock, at which the next is due */
} due = {{0}, UINT64_MAX, UINT64_MAX, UINT64_MAX};

static uint64_t peak_after(uint64_t live_16) {
    uint64_t more = due.when.peak;
    if (due.when.percent) more = (live_16 >> 16) / 100 * due.when.percent;
    if (due.when.percent && more < PROFILE_PEAK_MIN) more = PROFILE_PEAK_MIN;
    return more ? live_16 + (more << 16) : UINT64_MAX;
}

COLD void profile_write_when(struct profile_when when) {
    if (!profile_lock()) return;
    struct profile_totals now = profile_totals();
    due.when = when;
    due.next_16 = when.every ? now.taken_16 + (when.every << 16) : UINT64_MAX;
    due.next_peak_16 = peak_after(now.live_16);
    due.next_ms = when.interval_ms ? port_now_ms() + when.interval_ms : UINT64_MAX;
    profile_unlock();
}

void profile_due_look(void) {
    debug_check(profile_is_locked());
    struct profile_totals now = profile_totals();
    bool much = now.taken_16 >= due.next_16, peak = now.live_16 >= due.next_peak_16;
    bool late = due.next_ms != UINT64_MAX && port_now_ms() >= due.next_ms;
    if (likely(!much && !peak && !late)) return;
    if (due.when.every) due.next_16 = now.taken_16 + (due.when.every << 16);
    if (peak) due.next_peak_16 = peak_after(now.live_16);
    if (late) due.next_ms = port_now_ms() + due.when.interval_ms;
    event_add(EVENT_PROFILE_WRITE);
}
