/* Reports a process's heap when it exits. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "exit_stats.h"
#include "base/bits.h"
#include "events.h"
#include "leaks.h"
#include "metrics.h"
#include "metrics_socket.h"
#include "option_values.h"
#include "options.h"
#include "process.h"
#include "profile_write.h"
#include "report.h"
#include "sink.h"
#include "stats_report.h"
#include "syscall.h"
#include <errno.h>
#include <fcntl.h>
#include <heapalloc/port.h>
#include <sys/stat.h>

extern int __cxa_atexit(void (*function)(void *), void *argument, void *library);
extern void *__dso_handle;

enum { STDERR = 2, HIGH_FILE = 200 };

static struct {
    int file; /* a duplicate of stderr; -1: there is none */
    dev_t device;
    ino_t inode;
    long process; /* the one that registered the report: a fork's child may be silent */
    uint64_t begun_ms;
} asked;

/* True for a path: anything but a word. */
static bool is_path(const char *text) {
    size_t length = 0;
    uint64_t flag;
    while (text[length]) length++;
    return value_find_word("text|json", text, length) < 0 && !value_read_flag(text, length, &flag);
}

static bool wants_json(const char *text) {
    size_t length = 0;
    while (text[length]) length++;
    return value_matches(text, "json") || value_matches(text, "*.json");
}

static bool is_same(int file) {
    struct stat now;
    return file >= 0 && fstat(file, &now) == 0 && now.st_dev == asked.device && now.st_ino == asked.inode;
}

COLD int exit_stats_open(void) {
    const char *text = option_text(OPTION_STATS);
    struct report path = {0}, fault;
    if (!is_path(text)) return is_same(asked.file) ? asked.file : is_same(STDERR) ? STDERR : -1;
    report_add_path(&path, text);
    long file =
        syscall_6(SYS_openat, AT_FDCWD, (long)path.chars, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644, 0, 0);
    if (file >= 0) return (int)file;
    report_begin(&fault);
    report_add(&fault, "cannot write to ");
    report_add(&fault, path.chars);
    report_add(&fault, ", error ");
    report_add_number(&fault, (uint64_t)-file, 0);
    report_add(&fault, "\n");
    report_write(&fault, is_same(asked.file) ? asked.file : STDERR);
    return -1;
}

COLD void exit_stats_close(int file) {
    if (is_path(option_text(OPTION_STATS))) syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
}

COLD bool exit_stats_are_json(void) {
    return wants_json(option_text(OPTION_STATS));
}

static void tell_stats(void) {
    struct report next = {0};
    int file = exit_stats_open();
    struct sink sink = {.file = file};
    if (file < 0) return;
    profile_written(&next);
    stats_report(&sink, exit_stats_are_json(), port_now_ms() - asked.begun_ms, next.chars);
    sink_end(&sink);
    exit_stats_close(file);
}

static void tell_leaks(uintptr_t stack) {
    int file = exit_stats_open();
    if (file < 0) return;
    leaks_tell(file, stack);
    exit_stats_close(file);
}

/* Write the reports; a fork's child writes none with `children=no`. */
static NOINLINE void tell_from(uintptr_t stack) {
    int saved = errno;
    metrics_socket_close();
    if (!options_apply(asked.process)) return;
    profile_write_due(is_same(asked.file) ? asked.file : STDERR); /* first: the statistics name it */
    if (option_number(OPTION_STATS)) tell_stats();
    if (option_number(OPTION_LEAKS)) tell_leaks(stack);
    metrics_write();
    errno = saved;
}

/* The exit handler; it runs last, because it is registered first. Its frame holds the callee-saved registers, which may
 * be the program's pointers, and nothing else: stale pointers in unused stack slots would hide leaks. */
static void tell(void *unused) {
    (void)unused;
    __builtin_unwind_init();
    tell_from(leaks_stack());
    __asm__ volatile("" ::: "memory"); /* no tail call: the frame stays */
}

static bool postponed; /* libc is allocating its list of exit handlers */

COLD void *exit_stats_after(void *allocate(size_t bytes), size_t bytes) {
    __atomic_store_n(&postponed, true, __ATOMIC_RELAXED);
    void *p = allocate(bytes);
    __atomic_store_n(&postponed, false, __ATOMIC_RELAXED);
    return p;
}

COLD void exit_stats_ask(void) {
    struct stat now;
    if (__atomic_load_n(&postponed, __ATOMIC_RELAXED)) return event_add(EVENT_EXIT);
    if (asked.process) return;
    asked.process = process_id();
    asked.begun_ms = port_now_ms();
    asked.file = (int)syscall_6(SYS_fcntl, STDERR, F_DUPFD_CLOEXEC, HIGH_FILE, 0, 0, 0);
    if (asked.file < 0) asked.file = (int)syscall_6(SYS_fcntl, STDERR, F_DUPFD_CLOEXEC, STDERR + 1, 0, 0, 0);
    if (fstat(STDERR, &now) == 0) asked.device = now.st_dev, asked.inode = now.st_ino;
    __cxa_atexit(tell, NULL, &__dso_handle);
}
