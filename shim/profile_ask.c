/* Starts the profiler: by options, and by the program's calls. */
/* SPDX-License-Identifier: MIT */
#include "profile_ask.h"
#include "exit_stats.h"
#include "heap/fast.h"
#include "heap/world.h"
#include "options.h"
#include "profile.h"
#include "profile_due.h"
#include "profile_write.h"
#include "report.h"
#include "shim.h"
#include <heapalloc/heapalloc.h>

enum { STDERR = 2 };

static COLD struct profile_when when_asked(void) {
    uint64_t peak = option_number(OPTION_PROFILE_PEAK), interval = option_number(OPTION_PROFILE_INTERVAL);
    struct profile_when when = {.every = option_number(OPTION_PROFILE_EVERY)};
    *(peak & PROFILE_PEAK_PERCENT ? &when.percent : &when.peak) = peak & ~PROFILE_PEAK_PERCENT;
    when.interval_ms = interval == UINT32_MAX ? 0 : interval;
    return when;
}

COLD void profile_update(void) {
    bool full = option_number(OPTION_LEAKS) == LEAKS_FULL;
    if (!option_text(OPTION_PROFILE)[0] && !full) return;
    uint64_t rate = full ? 1 : option_number(OPTION_PROFILE_BYTES);
    exit_stats_ask();
    profile_note_process();
    profile_write_when(when_asked());
    if (profile_begin(rate)) return;
    struct report report;
    report_begin(&report);
    report_add(&report, "this build cannot profile: take libheapalloc.so\n");
    report_write(&report, STDERR);
}

EXPORT COLD bool heapalloc_profile_start(size_t bytes) {
    heap_enter();
    if (bytes == 0) bytes = option_number(OPTION_PROFILE_BYTES);
    return bytes <= SAMPLE_RATE_MAX && heap_self->state == HEAP_LIVE && profile_begin(bytes);
}

EXPORT COLD void heapalloc_profile_stop(void) {
    profile_end();
}

EXPORT COLD bool heapalloc_profile_dump(const char *path) {
    if (profile_samples_each() == 0 || ((!path || !path[0]) && !option_text(OPTION_PROFILE)[0])) {
        errno = EINVAL;
        return false;
    }
    return profile_write(path && path[0] ? path : NULL, STDERR);
}
