/* Prints messages about options. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "option_messages.h"
#include "base/bits.h"
#include "option_values.h"
#include "process.h"
#include "report.h"
#include "syscall.h"
#include <dlfcn.h>
#include <elf.h>
#include <heapalloc/heapalloc.h>
#include <heapalloc/port.h>

enum { STDERR = 2, WORD_MAX = 64 };

/* Add the user's word in quotes, cut when it is long. */
static void add_word(struct report *report, const char *word, size_t length) {
    char copy[WORD_MAX + 1];
    size_t i = 0;
    for (; i < length && i < WORD_MAX; i++) copy[i] = word[i] < ' ' ? '?' : word[i];
    copy[i] = 0;
    report_add(report, "`");
    report_add(report, copy);
    report_add(report, length > WORD_MAX ? "...`" : "`");
}

COLD void options_tell_unknown(const char *name, size_t length) {
    struct report report;
    const char *nearest = option_nearest(name, length);
    report_begin(&report);
    report_add(&report, "there is no option ");
    add_word(&report, name, length);
    if (nearest) {
        report_add(&report, "; did you mean `");
        report_add(&report, nearest);
        report_add(&report, "`?");
    } else {
        report_add(&report, ";");
    }
    report_add(&report, " HEAPALLOC=help lists them\n");
    report_write(&report, STDERR);
}

COLD void options_tell_hardened(void) {
    struct report report;
    report_begin(&report);
    report_add(&report,
               "what `hardened` asks for is in a library of its own: preload libheapalloc-hardened.so instead, as "
               "`heapalloc run -l hardened` does\n");
    report_write(&report, STDERR);
}

COLD void options_tell_wrong(enum option_id id, const char *value, size_t length) {
    struct report report;
    report_begin(&report);
    report_add(&report, "the option `");
    report_add(&report, option_table[id].name);
    report_add(&report, "` cannot be ");
    add_word(&report, value, length);
    report_add(&report, "; it takes ");
    report_add(&report, option_table[id].range);
    report_add(&report, "\n");
    report_write(&report, STDERR);
}

COLD void options_tell_missing(const char *path, long error) {
    struct report report;
    report_begin(&report);
    report_add(&report, "cannot read the options in ");
    add_word(&report, path, value_length(path));
    report_add(&report, ", error ");
    report_add_number(&report, (uint64_t)error, 0);
    report_add(&report, "\n");
    report_write(&report, STDERR);
}

/* Print a line with the name, the current value, the default and the range, and below what the option does. */
static void tell_row(struct report *report, enum option_id id) {
    const struct option *option = &option_table[id];
    const char *now = option_now(id);
    report_add(report, "  ");
    report_add(report, option->name);
    report_pad(report, 19);
    report_add(report, *now ? now : "-");
    report_pad(report, 27);
    report_add(report, " ");
    report_add(report, *option->initial ? option->initial : "-");
    report_pad(report, 36);
    report_add(report, option->range);
    report_add(report, "\n");
    report_pad(report, 19);
    report_add(report, option->help);
    report_add(report, "\n");
    report_write(report, STDERR);
}

COLD void options_tell_help(void) {
    struct report report = {0};
    report_add(&report, "heapalloc ");
    report_add(&report, heapalloc_version());
    report_add(&report, ": HEAPALLOC=name=value,name,...\n"
                        "  option           now      default  range\n");
    for (int id = 0; id < OPTION_COUNT; id++) tell_row(&report, (enum option_id)id);
    report_add(&report, "Sizes take K, M, G, T; times ms, s, m, h. A program's symbol `heapalloc_options` and\n"
                        "/etc/heapalloc.conf have the same form and are weaker.\n");
    report_write(&report, STDERR);
}

static uint64_t count_processors(void) {
    unsigned long mask[128] = {0};
    uint64_t count = 0;
    long bytes = syscall_6(SYS_sched_getaffinity, 0, sizeof(mask), (long)mask, 0, 0, 0);
    for (long i = 0; i < bytes / (long)sizeof(mask[0]); i++)
        for (unsigned long bits = mask[i]; bits; bits &= bits - 1) count++;
    return count;
}

COLD void options_tell_active(void) {
    struct report report;
    Dl_info info = {0};
    report_begin(&report);
    report_add(&report, "heapalloc ");
    report_add(&report, heapalloc_version());
    report_add(&report, " is active in ");
    report_add(&report, (const char *)process_auxiliary(AT_EXECFN, (uintptr_t) ""));
    report_add(&report, ", from ");
    report_add(&report, dladdr((void *)&heapalloc_version, &info) && info.dli_fname ? info.dli_fname : "the program");
    report_add(&report, "; pages of ");
    report_add_number(&report, port_page_bytes(), 0);
    report_add(&report, " bytes, ");
    report_add_number(&report, count_processors(), 0);
    report_add(&report, " processors\n");
    report_write(&report, STDERR);
}
