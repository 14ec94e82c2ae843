/* The statistics and tuning functions of malloc.h, for this heap instead of libc's empty one. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "adjust.h"
#include "glibc_info.h"
#include "heap/fast.h"
#include "heap/world.h"
#include "inspect/by_name.h"
#include "report.h"
#include "shim.h"
#include <limits.h>
#include <malloc.h>
#include <stdio.h>

EXPORT COLD int malloc_trim(size_t pad) {
    (void)pad;
    heap_enter();
    struct heap *heap = heap_self;
    return heap_trim(heap->state == HEAP_LIVE ? heap : NULL);
}

/* bionic's and scudo's parameters, for programs that use them. */
enum { DECAY_TIME = -100, PURGE_NOW = -101 };

/* Translates parameters about free memory into the option `purge`, which stronger sources may override. glibc's other
 * parameters mean nothing here; returning 0 would make programs think that they failed. */
EXPORT COLD int mallopt(int parameter, int value) {
    if (parameter == M_TRIM_THRESHOLD) options_offer(OPTION_PURGE, value < 0 ? "never" : "500ms");
    if (parameter == DECAY_TIME) options_offer(OPTION_PURGE, value == 0 ? "10ms" : "500ms");
    if (parameter == PURGE_NOW) malloc_trim(0);
    return 1;
}

EXPORT COLD struct mallinfo2 mallinfo2(void) {
    struct glibc_facts facts = {0};
    glibc_facts_read(&facts);
    return glibc_info(&facts);
}

static int clamped(size_t bytes) {
    return bytes < INT_MAX ? (int)bytes : INT_MAX;
}

EXPORT COLD struct mallinfo mallinfo(void) {
    struct mallinfo2 info = mallinfo2();
    return (struct mallinfo){.arena = clamped(info.arena),
                             .ordblks = clamped(info.ordblks),
                             .smblks = clamped(info.smblks),
                             .usmblks = clamped(info.usmblks),
                             .fsmblks = clamped(info.fsmblks),
                             .uordblks = clamped(info.uordblks),
                             .fordblks = clamped(info.fordblks),
                             .keepcost = clamped(info.keepcost)};
}

static void put_line(struct report *report, const char *name, size_t number) {
    report_add(report, name);
    report_add(report, " = ");
    report_add_number(report, number, 14);
    report_add(report, "\n");
}

/* A line behind glibc's own, whose name no program looks for. */
static void put_named_row(struct report *report, const struct by_name_row *row) {
    report_add(report, "named in use     = ");
    report_add_number(report, row->used_bytes, 14);
    report_add(report, " of ");
    report_add_number(report, row->reserved_bytes, 0);
    report_add(report, "  ");
    report_add(report, by_name_kind(row));
    report_add(report, " ");
    report_add_name(report, row->name);
    report_add(report, "\n");
    fwrite(report->chars, 1, report->length, stderr);
    report->length = 0;
}

/* Prints glibc's lines, because programs parse them; there is only one arena. Pools and arenas that have a
 * name follow. */
EXPORT COLD void malloc_stats(void) {
    struct heapalloc_stats sums = {0};
    struct stats_blocks blocks;
    struct report report = {0};
    struct by_name named;
    heap_enter();
    by_name_read(&named);
    stats_read(&sums);
    stats_count_blocks(&blocks);
    report_add(&report, "Arena 0:\n");
    put_line(&report, "system bytes    ", sums.mapped_bytes - sums.table_bytes);
    put_line(&report, "in use bytes    ", blocks.live_bytes);
    report_add(&report, "Total (incl. mmap):\n");
    put_line(&report, "system bytes    ", sums.mapped_bytes);
    put_line(&report, "in use bytes    ", blocks.live_bytes);
    put_line(&report, "max system bytes", glibc_most_bytes(&sums) + sums.table_bytes);
    put_line(&report, "given back bytes", sums.free_clean_bytes);
    put_line(&report, "thread heaps    ", sums.heap_count);
    fwrite(report.chars, 1, report.length, stderr); /* the program may have redirected the stream */
    report.length = 0;
    for (size_t i = 0; i < named.row_count; i++) put_named_row(&report, &named.rows[i]);
    if (named.more.count > 0) put_named_row(&report, &named.more);
}
