/* malloc_info(): glibc's XML about this heap. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "glibc_info.h"
#include "heap/fast.h"
#include "inspect/by_name.h"
#include "inspect/tally.h"
#include "report.h"
#include "shim.h"
#include <stdio.h>

/* Write through stdio, because the program's stream need not be a file descriptor. */
static bool put_out(struct report *report, FILE *stream) {
    size_t length = report->length;
    report->length = 0;
    return fwrite(report->chars, 1, length, stream) == length;
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
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
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

/* What stands in an attribute for a character that may not; NULL: it may. */
static const char *stand_in(const char *character) {
    static const char *const marks[] = {"\"&quot;", "&&amp;", "<&lt;", ">&gt;"};
    for (int i = 0; i < 4; i++)
        if (*character == marks[i][0]) return marks[i] + 1;
    return report_character_bytes(character) == 0 || (unsigned char)*character < ' ' ? REPORT_UNREADABLE : NULL;
}

static void put_name(struct report *report, const char *name) {
    report_add(report, " name=\"");
    while (*name) {
        size_t bytes = report_character_bytes(name);
        char plain[5] = "";
        for (size_t i = 0; i < bytes; i++) plain[i] = name[i];
        report_add(report, stand_in(name) ? stand_in(name) : plain);
        name += max_size(bytes, 1);
    }
    report_add(report, "\"");
}

static bool put_named_element(struct report *report, FILE *stream, const struct by_name_row *row) {
    report_add(report, "<named kind=\"");
    report_add(report, by_name_kind(row));
    report_add(report, "\"");
    put_name(report, row->name);
    put_attribute(report, " count", row->count);
    put_attribute(report, " used", row->used_bytes);
    put_attribute(report, " size", row->reserved_bytes);
    report_add(report, "/>\n");
    return report->length < sizeof(report->chars) / 2 || put_out(report, stream);
}

/* Add an element for each name that pools and arenas have, which glibc does not know. */
static bool put_named(struct report *report, FILE *stream, const struct by_name *sums) {
    bool done = true;
    for (size_t i = 0; i < sums->row_count; i++) done &= put_named_element(report, stream, &sums->rows[i]);
    if (sums->more.count > 0) done &= put_named_element(report, stream, &sums->more);
    return done;
}

/* Prints glibc's XML: the only heap, then the sums of all heaps. */
EXPORT COLD int malloc_info(int options, FILE *stream) {
    if (options != 0) return EINVAL;
    struct glibc_facts facts = {0};
    struct tally tally;
    struct report report = {0};
    struct by_name named;
    glibc_facts_read(&facts);
    tally_read(&tally);
    by_name_read(&named); /* nothing during a fork */
    struct mallinfo2 info = glibc_info(&facts);
    report_add(&report, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n");
    bool done = put_sizes(&report, stream, &tally);
    report_add(&report, "</sizes>\n");
    put_totals(&report, &info);
    put_system(&report, &info);
    put_space(&report, &info);
    report_add(&report, "</heap>\n");
    put_totals(&report, &info);
    put_total(&report, "<total type=\"mmap\"", 0, 0);
    put_system(&report, &info);
    put_space(&report, &info);
    done &= put_named(&report, stream, &named);
    report_add(&report, "</malloc>\n");
    return put_out(&report, stream) && done ? 0 : -1;
}
