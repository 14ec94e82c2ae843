/* Writes profiles to files. */
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

static long begun_in; /* the process that started the profiler by an option */

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

/* Add the pattern with %n replaced by how many were written before, so that each profile has its own name. */
static void add_counted(struct report *path, const char *pattern) {
    static uint32_t written;
    for (; *pattern && path->length < REPORT_PATH_BYTES; pattern++) {
        char one[3] = {pattern[0]};
        if (*pattern == '%' && pattern[1]) one[1] = *++pattern;
        if (one[0] != '%' || one[1] != 'n')
            report_add(path, one);
        else
            report_add_number(path, __atomic_fetch_add(&written, 1, __ATOMIC_RELAXED), 0);
    }
    path->chars[path->length] = 0;
}

/* Add the file's name. A fork's child appends its ID, so that it does not overwrite its parent's profile. */
static void add_name(struct report *path, const char *pattern) {
    struct report counted = {0};
    add_counted(&counted, pattern);
    report_add_path(path, counted.chars);
    if (begun_in != 0 && begun_in != process_id() && !has_process(pattern)) {
        report_add(path, ".");
        report_add_number(path, (uint64_t)process_id(), 0);
    }
    path->chars[path->length < REPORT_PATH_BYTES ? path->length : REPORT_PATH_BYTES] = 0;
}

static bool fail(const char *path, long error, int told) {
    struct report report;
    report_begin(&report);
    report_add(&report, "cannot write the profile ");
    report_add(&report, path);
    report_add(&report, ", error ");
    report_add_number(&report, (uint64_t)-error, 0);
    report_add(&report, "\n");
    report_write(&report, told);
    errno = (int)-error;
    return false;
}

static long open_file(const char *path) {
    return syscall_6(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644, 0, 0);
}

/* Writes a temporary file and renames it, so that a reader sees a whole profile; where none can be created, as in
 * /dev, the path itself is written to. */
COLD bool profile_write(const char *path, int told) {
    struct report name = {0}, beside = {0};
    struct sink sink = {0};
    profile_settle();
    add_name(&name, path ? path : option_text(OPTION_PROFILE));
    report_add(&beside, name.chars);
    report_add(&beside, ".");
    report_add_number(&beside, (uint64_t)process_id(), 0);
    report_add(&beside, ".new");
    beside.chars[beside.length] = 0;
    long file = open_file(beside.chars);
    bool renames = file >= 0;
    if (!renames) file = open_file(name.chars);
    if (file < 0) return fail(name.chars, file, told);
    sink.file = (int)file;
    if (value_matches(name.chars, "*.pb") || value_matches(name.chars, "*.pprof"))
        sink.failed |= !profile_pprof(&sink);
    else
        profile_text(&sink);
    sink_end(&sink);
    syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
    long error = sink.failed ? -ENOSPC : 0;
    if (renames && !error)
        error = syscall_6(SYS_renameat2, AT_FDCWD, (long)beside.chars, AT_FDCWD, (long)name.chars, 0, 0);
    if (error >= 0) return true;
    if (renames) syscall_6(SYS_unlinkat, AT_FDCWD, (long)beside.chars, 0, 0, 0, 0);
    return fail(name.chars, error, told);
}

/* Only one thread writes at a time; another one's profile would be the same. */
COLD void profile_write_due(int told) {
    static long writing;
    bool silent = process_id() != begun_in && !option_number(OPTION_CHILDREN);
    if (silent || !option_text(OPTION_PROFILE)[0] || profile_samples_each() == 0) return;
    if (!process_begin(&writing)) return;
    profile_write(NULL, told);
    process_end(&writing);
}
