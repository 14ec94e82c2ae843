/* Where profiles go. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "profile_write.h"
#include "option_values.h"
#include "options.h"
#include "process.h"
#include "profile.h"
#include "profile_pprof.h"
#include "profile_text.h"
#include "syscall.h"
#include <errno.h>
#include <fcntl.h>

enum { STDERR = 2 };

static long begun_in; /* the process that asked */

COLD void profile_note_process(void) {
    if (begun_in == 0) begun_in = process_id();
}

static bool has_process(const char *pattern) {
    for (; *pattern; pattern++) {
        if (*pattern != '%') continue;
        if (pattern[1] == 'p') return true;
        if (pattern[1]) pattern++;
    }
    return false;
}

/* A child of a fork does not write over its parent's. */
static void add_name(struct report *path, const char *pattern) {
    report_add_path(path, pattern);
    if (begun_in == 0 || begun_in == process_id() || has_process(pattern)) return;
    report_add(path, ".");
    report_add_number(path, (uint64_t)process_id(), 0);
    path->chars[path->length < sizeof(path->chars) ? path->length : sizeof(path->chars) - 1] = 0;
}

static bool fail(const char *path, long error) {
    struct report report;
    report_begin(&report);
    report_add(&report, "cannot write the profile ");
    report_add(&report, path);
    report_add(&report, ", error ");
    report_add_number(&report, (uint64_t)-error, 0);
    report_add(&report, "\n");
    report_write(&report, STDERR);
    errno = (int)-error;
    return false;
}

COLD bool profile_write(const char *path) {
    struct report name = {0};
    struct sink sink = {0};
    profile_settle();
    add_name(&name, path ? path : option_text(OPTION_PROFILE));
    long file = syscall_6(SYS_openat, AT_FDCWD, (long)name.chars, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644, 0, 0);
    if (file < 0) return fail(name.chars, file);
    sink.file = (int)file;
    if (value_matches(name.chars, "*.pb") || value_matches(name.chars, "*.pprof"))
        sink.failed |= !profile_pprof(&sink);
    else
        profile_text(&sink);
    sink_end(&sink);
    syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
    return sink.failed ? fail(name.chars, -ENOSPC) : true;
}

COLD void profile_write_at_exit(void) {
    if (option_text(OPTION_PROFILE)[0] && profile_samples_each() > 0) profile_write(NULL);
}
