/* The questions of malloc.h, answered for this heap and not for the empty one of libc. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "heap/fast.h"
#include "inspect/stats.h"
#include "report.h"
#include "shim.h"
#include <limits.h>
#include <malloc.h>
#include <stdio.h>

EXPORT int malloc_trim(size_t pad) {
    (void)pad;
    heap_enter();
    struct heap *heap = heap_self;
    return heap_trim(heap->state == HEAP_LIVE ? heap : NULL);
}

/* No parameter of glibc's means anything here; 0 would make programs think that they failed. */
EXPORT int mallopt(int parameter, int value) {
    (void)parameter, (void)value;
    return 1;
}

/* In glibc's terms: one arena, nothing mapped apart; what is free in slabs and in level 2 is free as well. */
EXPORT struct mallinfo2 mallinfo2(void) {
    struct heapalloc_stats sums = {0};
    struct stats_blocks blocks;
    heap_enter();
    stats_read(&sums);
    stats_count_blocks(&blocks);
    size_t free_units = sums.free_dirty_bytes + sums.free_clean_bytes;
    return (struct mallinfo2){.arena = sums.mapped_bytes - sums.table_bytes,
                              .ordblks = blocks.free_extents,
                              .smblks = blocks.slabs,
                              .fsmblks = blocks.free_bytes,
                              .uordblks = blocks.live_bytes,
                              .fordblks = free_units + blocks.free_bytes,
                              .keepcost = sums.free_dirty_bytes};
}

static int clamped(size_t bytes) {
    return bytes < INT_MAX ? (int)bytes : INT_MAX;
}

EXPORT struct mallinfo mallinfo(void) {
    struct mallinfo2 info = mallinfo2();
    return (struct mallinfo){.arena = clamped(info.arena),
                             .ordblks = clamped(info.ordblks),
                             .smblks = clamped(info.smblks),
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

/* Through stdio, because a program may have its stream elsewhere than on a file of the system. */
static bool put_out(const struct report *report, FILE *stream) {
    return fwrite(report->chars, 1, report->length, stream) == report->length;
}

/* In the words of glibc's, whose readers look for these lines; one arena, which is all there is. */
EXPORT void malloc_stats(void) {
    struct heapalloc_stats sums = {0};
    struct stats_blocks blocks;
    struct report report = {0};
    heap_enter();
    stats_read(&sums);
    stats_count_blocks(&blocks);
    report_add(&report, "Arena 0:\n");
    put_line(&report, "system bytes    ", sums.mapped_bytes - sums.table_bytes);
    put_line(&report, "in use bytes    ", blocks.live_bytes);
    report_add(&report, "Total (incl. mmap):\n");
    put_line(&report, "system bytes    ", sums.mapped_bytes);
    put_line(&report, "in use bytes    ", blocks.live_bytes);
    put_line(&report, "given back bytes", sums.free_clean_bytes);
    put_line(&report, "thread heaps    ", sums.heap_count);
    put_out(&report, stderr);
}

static void put_element(struct report *report, const char *start, const char *count_name, size_t count, size_t bytes) {
    report_add(report, start);
    if (count_name) {
        report_add(report, count_name);
        report_add_number(report, count, 0);
        report_add(report, "\"");
    }
    report_add(report, " size=\"");
    report_add_number(report, bytes, 0);
    report_add(report, "\"/>\n");
}

/* What glibc puts into a heap's element and, for all of them together, behind it. Nothing is "fast": bins count as
 * used, see stats.h. What is mapped stays mapped, so its maximum is what it is now. */
static void put_totals(struct report *report, const struct mallinfo2 *info) {
    put_element(report, "<total type=\"fast\"", " count=\"", 0, 0);
    put_element(report, "<total type=\"rest\"", " count=\"", info->ordblks, info->fordblks);
}

static void put_system(struct report *report, size_t bytes) {
    put_element(report, "<system type=\"current\"", NULL, 0, bytes);
    put_element(report, "<system type=\"max\"", NULL, 0, bytes);
    put_element(report, "<aspace type=\"total\"", NULL, 0, bytes);
    put_element(report, "<aspace type=\"mprotect\"", NULL, 0, bytes);
}

EXPORT int malloc_info(int options, FILE *stream) {
    if (options != 0) return EINVAL;
    struct mallinfo2 info = mallinfo2();
    struct report report = {0};
    report_add(&report, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n</sizes>\n");
    put_totals(&report, &info);
    put_system(&report, info.arena);
    report_add(&report, "</heap>\n");
    put_totals(&report, &info);
    put_element(&report, "<total type=\"mmap\"", " count=\"", 0, 0);
    put_system(&report, info.arena);
    report_add(&report, "</malloc>\n");
    return put_out(&report, stream) ? 0 : -1;
}
