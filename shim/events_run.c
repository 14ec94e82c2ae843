/* Handles pending events where no lock is held. */
/* SPDX-License-Identifier: MIT */
#include "events_run.h"
#include "dump_signal.h"
#include "exit_stats.h"
#include "limit.h"
#include "metrics.h"
#include "metrics_socket.h"
#include "profile.h"
#include "profile_write.h"
#include <errno.h>

enum { STDERR = 2 };

NOINLINE void events_run(void) {
    int saved = errno;
    uint8_t due = __atomic_fetch_and(&events_due, EVENT_PROFILE, __ATOMIC_ACQ_REL);
    if (due & EVENT_PROFILE) profile_join();
    if (due & EVENT_EXIT) exit_stats_ask();
    if (due & EVENT_PROFILE_WRITE) profile_write_due(STDERR);
    if (due & EVENT_SOFT_LIMIT) limit_call();
    if (due & EVENT_SIGNAL) dump_signal_write();
    if (due & EVENT_METRICS) metrics_write();
    if (due & EVENT_SERVE) metrics_socket_update();
    errno = saved;
}
