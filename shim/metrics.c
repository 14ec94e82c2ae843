/* Rewrites the metrics file at an interval. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "metrics.h"
#include "clock.h"
#include "events.h"
#include "live_metrics.h"
#include "metrics_path.h"
#include "metrics_socket.h"
#include "options.h"
#include "process.h"
#include "syscall.h"
#include <fcntl.h>
#include <heapalloc/port.h>

static long begun_in; /* the process that set the option: a fork's child may be silent */
static long writing;  /* the process in which a thread is writing the file, or 0 */

static uint64_t interval_ms(void) {
    return option_number(OPTION_INTERVAL);
}

COLD void metrics_update(void) {
    begun_in = process_id();
    const char *text = option_text(OPTION_METRICS);
    bool asked = text[0] && !metrics_socket_path(text);
    if (metrics_socket_path(text) || metrics_socket_is_open()) event_add(EVENT_SERVE);
    __atomic_store_n(&clock_due_ms, asked ? port_now_ms() + interval_ms() : UINT64_MAX, __ATOMIC_RELAXED);
}

static void say_failure(const char *path, long error) {
    static bool said;
    if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED)) metrics_tell_failure(path, NULL, error);
}

/* Write a temporary file and rename it. It is in the same folder, because only then is the rename atomic. What is no
 * plain file is written to itself. */
static void write_to(const char *path, const char *temporary, const struct live_stats *stats) {
    struct sink sink = {0};
    if (!sink_may_replace(path)) temporary = path;
    long file = syscall_6(SYS_openat, AT_FDCWD, (long)temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644, 0, 0);
    if (file < 0) return say_failure(temporary, file);
    sink.file = (int)file;
    live_metrics_write(&sink, stats);
    syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
    if (temporary == path && !sink.failed) return;
    if (temporary == path) return say_failure(path, -5);
    if (!sink.failed && syscall_6(SYS_renameat2, AT_FDCWD, (long)temporary, AT_FDCWD, (long)path, 0, 0) == 0) return;
    syscall_6(SYS_unlinkat, AT_FDCWD, (long)temporary, 0, 0, 0, 0);
    say_failure(path, -5);
}

COLD void metrics_write(void) {
    struct live_stats stats;
    struct report path = {0}, temporary = {0};
    const char *text = option_text(OPTION_METRICS);
    bool silent = !options_apply(begun_in);
    if (!text[0] || metrics_socket_path(text) || silent || !process_begin(&writing)) return;
    __atomic_store_n(&clock_due_ms, port_now_ms() + interval_ms(), __ATOMIC_RELAXED);
    report_add_path(&path, text);
    report_add_path(&temporary, text);
    temporary.length = temporary.length < REPORT_PATH_BYTES ? temporary.length : REPORT_PATH_BYTES;
    report_add(&temporary, ".");
    report_add_number(&temporary, (uint64_t)process_id(), 0);
    report_add(&temporary, ".new");
    temporary.chars[temporary.length] = 0;
    if (live_stats_read(&stats)) write_to(path.chars, temporary.chars, &stats);
    process_end(&writing);
}
