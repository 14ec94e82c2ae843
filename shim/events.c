/* What is to be done soon, at a place where no lock is held. */
/* SPDX-License-Identifier: MIT */
#include "events.h"
#include "dump_signal.h"
#include "limit.h"
#include "metrics.h"
#include "shim.h"
#include <errno.h>

STARTUP_DATA uint8_t events_due = 0;

COLD void events_do(void) {
    int saved = errno;
    uint8_t due = __atomic_exchange_n(&events_due, 0, __ATOMIC_ACQ_REL);
    if (due & EVENT_SOFT_LIMIT) limit_call();
    if (due & EVENT_SIGNAL) dump_signal_write();
    if (due & EVENT_METRICS) metrics_write();
    errno = saved;
}
