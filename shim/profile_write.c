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

enum { ANY = 1 }; /* in a name: stands for any number */

static long begun_in;    /* the process that started the profiler by an option */
static uint32_t counted; /* names with %n so far */
static struct {
    long process;         /* that wrote them */
    uint32_t first, last; /* what %n was */
} files;

COLD void profile_note_process(void) {
    if (begun_in == 0) begun_in = process_id();
}

static bool has(const char *pattern, char letter) {
    for (; *pattern; pattern++) {
        if (*pattern != '%') continue;
        if (pattern[1] == letter) return true;
        if (pattern[1]) pattern++;
    }
    return false;
}

/* Add the pattern with %n replaced by this text. */
static void add_counted(struct report *path, const char *pattern, const char *count) {
    for (; *pattern && path->length < REPORT_PATH_BYTES; pattern++) {
        char one[3] = {pattern[0]};
        if (*pattern == '%' && pattern[1]) one[1] = *++pattern;
        if (one[0] != '%' || one[1] != 'n')
            report_add(path, one);
        else
            report_add(path, count);
    }
    path->chars[path->length] = 0;
}

/* Add the file's name. A fork's child appends its ID, so that it does not overwrite its parent's profile. */
static void add_name(struct report *path, const char *pattern, const char *count) {
    struct report expanded = {0};
    add_counted(&expanded, pattern, count);
    report_add_path(path, expanded.chars);
    if (begun_in != 0 && begun_in != process_id() && !has(pattern, 'p')) {
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

/* Writes a temporary file and renames it, so that a reader sees a whole profile. The path itself is written to where
 * none can be created, and where it is no plain file: a superuser's /dev/null is a device afterwards, too. */
static COLD bool write_as(const char *path, int told, uint32_t *number) {
    struct report name = {0}, beside = {0};
    struct sink sink = {0};
    struct report count = {0};
    *number = __atomic_fetch_add(&counted, has(path, 'n') ? 1 : 0, __ATOMIC_RELAXED);
    profile_settle();
    report_add_number(&count, *number, 0);
    add_name(&name, path, count.chars);
    report_add(&beside, name.chars);
    report_add(&beside, ".");
    report_add_number(&beside, (uint64_t)process_id(), 0);
    report_add(&beside, ".new");
    beside.chars[beside.length] = 0;
    long file = sink_may_replace(name.chars) ? open_file(beside.chars) : -1;
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

/* Write the option's profile, and note its name. */
static COLD bool write_own(int told) {
    uint32_t number;
    if (!write_as(option_text(OPTION_PROFILE), told, &number)) return false;
    if (__atomic_exchange_n(&files.process, process_id(), __ATOMIC_RELAXED) != process_id())
        __atomic_store_n(&files.first, number, __ATOMIC_RELAXED);
    __atomic_store_n(&files.last, number, __ATOMIC_RELAXED);
    return true;
}

static bool is_plain(char letter) {
    bool alphanumeric =
        (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    return alphanumeric || letter == '/' || letter == '.' || letter == '-' || letter == '_' || (letter & 0x80);
}

COLD bool profile_write(const char *path, int told) {
    uint32_t number;
    return path ? write_as(path, told, &number) : write_own(told);
}

COLD void profile_written(struct report *names) {
    struct report count = {0}, plain = {0};
    if (files.process != process_id()) return;
    if (files.first == files.last)
        report_add_number(&count, files.last, 0);
    else
        count.chars[0] = ANY;
    add_name(&plain, option_text(OPTION_PROFILE), count.chars);
    for (const char *at = plain.chars; *at; at++) {
        char one[3] = {*at};
        if (*at == ANY)
            one[0] = '*';
        else if (!is_plain(*at))
            one[0] = '\\', one[1] = *at;
        report_add(names, one);
    }
    names->chars[names->length < REPORT_PATH_BYTES ? names->length : REPORT_PATH_BYTES] = 0;
}

/* Only one thread writes at a time; another one's profile would be the same. */
COLD void profile_write_due(int told) {
    static long writing;
    bool silent = !options_apply(begun_in);
    if (silent || !option_text(OPTION_PROFILE)[0] || profile_samples_each() == 0) return;
    if (!process_begin(&writing)) return;
    write_own(told);
    process_end(&writing);
}
