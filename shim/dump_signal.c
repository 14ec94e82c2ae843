/* Writes statistics and the profile when a signal requests them. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "dump_signal.h"
#include "events.h"
#include "exit_stats.h"
#include "live_json.h"
#include "live_text.h"
#include "options.h"
#include "profile_write.h"
#include "report.h"
#include <heapalloc/heapalloc.h>
#include <signal.h>

enum { STDERR = 2 };

static int taken; /* the signal whose handler is ours; 0: none */

/* The handler only sets a bit: the report is written where no lock is held. */
static void note(int number) {
    (void)number;
    event_add(EVENT_SIGNAL);
}

/* The signal of the option; the cases are in the order of its words. */
static int wanted(void) {
    switch (option_number(OPTION_SIGNAL)) {
    case 1: return SIGUSR1;
    case 2: return SIGUSR2;
    case 3: return SIGHUP;
    case 4: return SIGQUIT;
    case 5: return SIGWINCH;
    default: return 0;
    }
}

/* Restore the default action, unless the program has replaced our handler meanwhile. */
static void give_up(int number) {
    struct sigaction now, usual = {.sa_handler = SIG_DFL};
    if (number && sigaction(number, NULL, &now) == 0 && now.sa_handler == note) sigaction(number, &usual, NULL);
}

static bool take(int number) {
    struct sigaction now, ours = {.sa_handler = note, .sa_flags = SA_RESTART | SA_ONSTACK};
    if (sigaction(number, NULL, &now) != 0 || now.sa_handler != SIG_DFL) return false;
    return sigaction(number, &ours, NULL) == 0;
}

COLD void dump_signal_update(void) {
    int number = wanted();
    struct report report;
    if (number == taken) return;
    if (number) exit_stats_ask();
    give_up(taken);
    taken = number && take(number) ? number : 0;
    if (taken == number) return;
    report_begin(&report);
    report_add(&report, "the signal ");
    report_add(&report, option_text(OPTION_SIGNAL));
    report_add(&report, " is ignored or used by the program already\n");
    report_write(&report, 2);
}

COLD void dump_signal_write(void) {
    struct live_stats stats;
    struct sink sink = {0};
    if (!live_stats_read(&stats)) return event_add(EVENT_SIGNAL); /* a fork is under way */
    profile_write_due(STDERR);
    sink.file = exit_stats_open();
    if (sink.file < 0) return;
    if (exit_stats_are_json())
        live_json_write(&sink, &stats);
    else
        live_text_write(&sink, &stats);
    if (option_number(OPTION_LEAKS)) heapalloc_leaks(sink.file);
    exit_stats_close(sink.file);
}
