/* The statistics and tuning functions of malloc.h, for this heap instead of libc's empty one. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "adjust.h"
#include "heap/fast.h"
#include "heap/world.h"
#include "inspect/stats.h"
#include "inspect/tally.h"
#include "mapped.h"
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

/* All statistics, read at about the same moment. */
struct facts {
    struct heapalloc_stats sums;
    struct stats_blocks blocks;
    struct tally tally;
};

static void read_facts(struct facts *facts) {
    heap_enter();
    stats_read(&facts->sums);
    stats_count_blocks(&facts->blocks);
    tally_read(&facts->tally);
}

static struct tally_count free_small(const struct tally *tally) {
    struct tally_count sum = {0};
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        sum.blocks += tally->classes[class].free_blocks;
        sum.bytes += tally->classes[class].free_blocks * class_shapes[class].block_bytes;
    }
    return sum;
}

static size_t free_beyond_small(const struct tally *tally) {
    size_t blocks = 0;
    for (int i = 0; i < TALLY_SIZES; i++) blocks += tally->free_medium[i].blocks + tally->free_large[i].blocks;
    return blocks;
}

/* The maximum that was mapped, without tables. These never shrink, so they were no larger at that time. */
static size_t most_system_bytes(const struct heapalloc_stats *sums) {
    size_t now = sums->mapped_bytes - sums->table_bytes;
    size_t most = __atomic_load_n(&mapped.most_bytes, __ATOMIC_RELAXED);
    return most > now + sums->table_bytes ? most - sums->table_bytes : now;
}

/* Express the statistics in glibc's terms: one arena, nothing mapped separately. Free blocks of slabs count as fast
 * blocks, other free blocks and free extents as ordinary ones; fordblks includes both, as in glibc. */
static struct mallinfo2 info_of(const struct facts *facts) {
    const struct heapalloc_stats *sums = &facts->sums;
    struct tally_count small = free_small(&facts->tally);
    size_t free_units = sums->free_dirty_bytes + sums->free_clean_bytes;
    return (struct mallinfo2){.arena = sums->mapped_bytes - sums->table_bytes,
                              .ordblks = free_beyond_small(&facts->tally),
                              .smblks = small.blocks,
                              .usmblks = most_system_bytes(sums),
                              .fsmblks = small.bytes,
                              .uordblks = facts->blocks.live_bytes,
                              .fordblks = free_units + facts->blocks.free_bytes,
                              .keepcost = sums->free_dirty_bytes};
}

EXPORT COLD struct mallinfo2 mallinfo2(void) {
    struct facts facts = {0};
    read_facts(&facts);
    return info_of(&facts);
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

/* Write through stdio, because the program's stream need not be a file descriptor. */
static bool put_out(struct report *report, FILE *stream) {
    size_t length = report->length;
    report->length = 0;
    return fwrite(report->chars, 1, length, stream) == length;
}

/* Prints glibc's lines, because programs parse them; there is only one arena. */
EXPORT COLD void malloc_stats(void) {
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
    put_line(&report, "max system bytes", most_system_bytes(&sums) + sums.table_bytes);
    put_line(&report, "given back bytes", sums.free_clean_bytes);
    put_line(&report, "thread heaps    ", sums.heap_count);
    put_out(&report, stderr);
}

static void put_attribute(struct report *report, const char *name, size_t number) {
    report_add(report, name);
    report_add(report, "=\"");
    report_add_number(report, number, 0);
    report_add(report, "\"");
}

static void put_total(struct report *report, const char *start, size_t count, size_t bytes) {
    report_add(report, start);
    put_attribute(report, " count", count);
    put_attribute(report, " size", bytes);
    report_add(report, "/>\n");
}

static void put_bytes(struct report *report, const char *start, size_t bytes) {
    report_add(report, start);
    put_attribute(report, " size", bytes);
    report_add(report, "/>\n");
}

/* Add a line for free blocks of from..to bytes; when the report is half full it is written to the stream. */
static bool put_size(struct report *report, FILE *stream, size_t from, size_t to, const struct tally_count *free) {
    if (free->blocks == 0) return true;
    report_add(report, "<size");
    put_attribute(report, " from", from);
    put_attribute(report, " to", to);
    put_attribute(report, " total", free->bytes);
    put_attribute(report, " count", free->blocks);
    report_add(report, "/>\n");
    return report->length < sizeof(report->chars) / 2 || put_out(report, stream);
}

/* Add a line for each class, and for larger blocks one for each power of two. */
static bool put_sizes(struct report *report, FILE *stream, const struct tally *tally) {
    bool done = true;
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        size_t bytes = class_shapes[class].block_bytes, blocks = tally->classes[class].free_blocks;
        struct tally_count free = {blocks, blocks * bytes};
        done &= put_size(report, stream, class_shapes[class - 1].block_bytes + 1u, bytes, &free);
    }
    for (int i = 0; i < TALLY_SIZES; i++)
        done &= put_size(report, stream, (size_t)1 << i, ((size_t)2 << i) - 1, &tally->free_medium[i]);
    for (int i = 0; i < TALLY_SIZES; i++)
        done &=
            put_size(report, stream, (size_t)UNIT_BYTES << i, ((size_t)UNIT_BYTES * 2 << i) - 1, &tally->free_large[i]);
    return done;
}

/* Add the totals that glibc puts into a heap's element and, for all heaps together, behind it. */
static void put_totals(struct report *report, const struct mallinfo2 *info) {
    put_total(report, "<total type=\"fast\"", info->smblks, info->fsmblks);
    put_total(report, "<total type=\"rest\"", info->ordblks,
              info->fordblks > info->fsmblks ? info->fordblks - info->fsmblks : 0);
}

/* Add the bytes that are mapped now, and the maximum. */
static void put_system(struct report *report, const struct mallinfo2 *info) {
    put_bytes(report, "<system type=\"current\"", info->arena);
    put_bytes(report, "<system type=\"max\"", info->usmblks);
}

/* Add the address space: what is mapped, all of which is writable. */
static void put_space(struct report *report, const struct mallinfo2 *info) {
    put_bytes(report, "<aspace type=\"total\"", info->arena);
    put_bytes(report, "<aspace type=\"mprotect\"", info->arena);
}

/* Prints glibc's XML: the only heap, then the sums of all heaps. */
EXPORT COLD int malloc_info(int options, FILE *stream) {
    if (options != 0) return EINVAL;
    struct facts facts = {0};
    struct report report = {0};
    read_facts(&facts);
    struct mallinfo2 info = info_of(&facts);
    report_add(&report, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n");
    bool done = put_sizes(&report, stream, &facts.tally);
    report_add(&report, "</sizes>\n");
    put_totals(&report, &info);
    put_system(&report, &info);
    put_space(&report, &info);
    report_add(&report, "</heap>\n");
    put_totals(&report, &info);
    put_total(&report, "<total type=\"mmap\"", 0, 0);
    put_system(&report, &info);
    put_space(&report, &info);
    report_add(&report, "</malloc>\n");
    return put_out(&report, stream) && done ? 0 : -1;
}
