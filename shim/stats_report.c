/* Reports where the heap's memory is, as text for people or as JSON. */
/* SPDX-License-Identifier: MIT */
#include "stats_report.h"
#include "heap/fast.h"
#include "inspect/resident.h"
#include "named_report.h"
#include "options.h"
#include "process.h"
#include "syscall.h"
#include <heapalloc/heapalloc.h>
#include <heapalloc/port.h>
#include <sys/resource.h>

enum { BAR_COLUMNS = 40, PAGES_PER_LOOK = 4096 };

static size_t resident_in(const char *from, size_t bytes) {
    static unsigned char pages[PAGES_PER_LOOK];
    size_t page = port_page_bytes(), sum = 0;
    const char *at = (const char *)round_down((uintptr_t)from, page), *end = from + bytes;
    while (at < end) {
        size_t length = min_size(round_up((size_t)(end - at), page), PAGES_PER_LOOK * page);
        if (syscall_6(SYS_mincore, (long)at, (long)length, (long)pages, 0, 0, 0) != 0) break;
        for (size_t i = 0; i < length / page; i++) {
            const char *first = at + i * page, *last = first + page;
            if (pages[i] & 1) sum += (size_t)((last < end ? last : end) - (first > from ? first : from));
        }
        at += length;
    }
    return sum;
}

/* Add a bar whose columns show the parts of what is mapped. */
static void add_bar(struct report *report, const struct resident *sums) {
    size_t all = sums->mapped_bytes > sums->resident_bytes ? sums->mapped_bytes : sums->resident_bytes + 1;
    size_t ends[] = {sums->live_bytes, sums->rounding_bytes, sums->kept_bytes, sums->metadata_bytes, all};
    static const char marks[] = "#+.m:";
    char bar[BAR_COLUMNS + 1] = {0};
    for (size_t i = 1; i < 4; i++) ends[i] += ends[i - 1];
    for (size_t column = 0, part = 0; column < BAR_COLUMNS; column++) {
        while (part < 4 && (column * 2 + 1) * (all / 2 / BAR_COLUMNS + 1) > ends[part]) part++;
        bar[column] = marks[part];
    }
    report_add(report, "  [");
    report_add(report, bar);
    report_add(report, "]  # live  + rounding  . kept  m metadata  : not resident\n");
}

static void add_sum(struct report *report, const char *name, size_t bytes) {
    report_add(report, name);
    report_pad(report, 18);
    report_add_bytes(report, bytes);
}

static uint64_t peak_bytes(void) {
    struct rusage usage = {0};
    syscall_6(SYS_getrusage, RUSAGE_SELF, (long)&usage, 0, 0, 0, 0);
    return (uint64_t)usage.ru_maxrss * 1024;
}

static void add_text(struct report *report, const struct resident *sums, bool whole) {
    add_sum(report, "  live at exit", sums->live_bytes);
    report_add(report, "   ");
    report_add_number(report, sums->blocks, 0);
    report_add(report, " blocks\n");
    add_sum(report, "+ size rounding", sums->rounding_bytes);
    add_sum(report, "\n+ free, kept", sums->kept_bytes);
    report_add(report, "   purged ");
    report_add(report, option_now(OPTION_PURGE));
    report_add(report, " after last use");
    add_sum(report, "\n+ metadata", sums->metadata_bytes);
    add_sum(report, "\n= heap resident", sums->resident_bytes);
    report_add(report, "   (the process had ");
    report_add_bytes(report, peak_bytes());
    report_add(report, whole ? " at its peak)\n" : " at its peak; counted in part, the heap changed meanwhile)\n");
    add_sum(report, "  not resident",
            sums->mapped_bytes > sums->resident_bytes ? sums->mapped_bytes - sums->resident_bytes : 0);
    report_add(report, "   given back, or never touched\n");
    add_bar(report, sums);
}

static void add_head(struct report *report, uint64_t passed) {
    report_add(report, "heapalloc ");
    report_add(report, heapalloc_version());
    report_add(report, "  ");
    report_add(report, process_name());
    report_add(report, "[");
    report_add_number(report, (uint64_t)process_id(), 0);
    report_add(report, "]  ");
    report_add_number(report, passed / 1000, 0);
    report_add(report, ".");
    report_add_number(report, passed / 100 % 10, 0);
    report_add(report, " s\n");
}

static void json_member(struct report *report, const char *name, size_t number) {
    report_add(report, ",\"");
    report_add(report, name);
    report_add(report, "\":");
    report_add_number(report, number, 0);
}

static void add_string(struct report *report, const char *text) {
    for (char one[2] = {0}; *text; text++) {
        one[0] = *text;
        if (*text == '"' || *text == '\\') report_add(report, "\\");
        report_add(report, (unsigned char)*text < ' ' ? "?" : one);
    }
}

static void add_json(struct report *report, const struct resident *sums, bool whole, uint64_t passed) {
    report_add(report, "{\"version\":\"");
    report_add(report, heapalloc_version());
    report_add(report, "\",\"program\":\"");
    add_string(report, process_name());
    report_add(report, "\"");
    json_member(report, "pid", (size_t)process_id());
    json_member(report, "ms", (size_t)passed);
    json_member(report, "live_bytes", sums->live_bytes);
    json_member(report, "live_blocks", sums->blocks);
    json_member(report, "rounding_bytes", sums->rounding_bytes);
    json_member(report, "kept_bytes", sums->kept_bytes);
    json_member(report, "metadata_bytes", sums->metadata_bytes);
    json_member(report, "resident_bytes", sums->resident_bytes);
    json_member(report, "mapped_bytes", sums->mapped_bytes);
    report_add(report, whole ? ",\"whole\":true" : ",\"whole\":false");
}

/* Add the command that shows more. */
static void add_next(struct report *report, const char *profiles) {
    report_add(report, "  next: ");
    if (!profiles[0]) {
        report_add(report, "HEAPALLOC=help lists the options, `heapalloc run -- PROGRAM` records who allocates\n");
        return;
    }
    report_add(report, "heapalloc report ");
    report_add(report, profiles);
    report_add(report, "\n");
}

COLD void stats_report(struct sink *sink, bool json, uint64_t passed_ms, const char *profiles) {
    struct report *report = &sink->report;
    struct resident sums;
    struct by_name named;
    bool whole = resident_count(&sums, resident_in);
    if (json) {
        add_json(report, &sums, whole, passed_ms);
        sink_flow(sink);
        if (by_name_read(&named)) named_report_json(sink, &named);
        report_add(report, "}\n");
    } else {
        add_head(report, passed_ms);
        add_text(report, &sums, whole);
        sink_flow(sink);
        if (by_name_read(&named)) named_report_text(sink, &named);
        add_next(report, profiles);
    }
}
