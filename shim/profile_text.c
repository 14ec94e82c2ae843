/* Writes a profile as gperftools does:
 *
 *   heap profile:     1:       21 [     2:       42] @ heap_v2/524288      live and all: blocks, bytes; the rate
 *        1:       21 [     2:       42] @ 0x55d0c5 0x7f12aa                the same for a place, innermost call first
 *
 *   MAPPED_LIBRARIES:                                                      and a copy of /proc/self/maps
 *
 * Readers use the first address as it is, and subtract one from the others, which are return addresses. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "profile_text.h"
#include "profile.h"
#include "profile_table.h"
#include "syscall.h"
#include <fcntl.h>

static void add_hex(struct report *report, uint64_t number) {
    char digits[17] = {0};
    size_t at = sizeof(digits) - 1;
    do digits[--at] = "0123456789abcdef"[number & 15];
    while ((number >>= 4) > 0);
    report_add(report, " 0x");
    report_add(report, digits + at);
}

static void add_sums(struct report *report, struct profile_sums live, struct profile_sums taken) {
    report_add_number(report, live.blocks, 6);
    report_add(report, ": ");
    report_add_number(report, live.bytes, 8);
    report_add(report, " [");
    report_add_number(report, taken.blocks, 6);
    report_add(report, ": ");
    report_add_number(report, taken.bytes, 8);
    report_add(report, "] @");
}

static void add_to(struct profile_sums *sum, struct profile_sums more) {
    sum->blocks += more.blocks;
    sum->bytes += more.bytes;
}

static void add_totals(struct sink *sink) {
    struct profile_sums live = {0}, taken = {0};
    for (const struct profile_place *place = profile_places(); place; place = place->older) {
        add_to(&live, profile_live(place));
        add_to(&taken, profile_taken(place));
    }
    report_add(&sink->report, "heap profile: ");
    add_sums(&sink->report, live, taken);
    if (profile_samples_each() == 1) {
        report_add(&sink->report, " heapprofile\n");
        return;
    }
    report_add(&sink->report, " heap_v2/");
    report_add_number(&sink->report, profile_samples_each(), 0);
    report_add(&sink->report, "\n");
}

static void add_place(struct sink *sink, const struct profile_place *place) {
    sink_end(sink); /* empty the buffer, because a line may fill all of it */
    add_sums(&sink->report, profile_live(place), profile_taken(place));
    for (size_t i = 0; i < place->depth; i++) add_hex(&sink->report, place->pcs[i] - (i == 0));
    report_add(&sink->report, "\n");
}

static void add_maps(struct sink *sink) {
    report_add(&sink->report, "\nMAPPED_LIBRARIES:\n");
    long file = syscall_6(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0), got;
    if (file < 0) return;
    do {
        sink_end(sink);
        got = syscall_6(SYS_read, file, (long)sink->report.chars, SINK_PIECE, 0, 0, 0);
        if (got > 0) sink->report.length = (size_t)got;
    } while (got > 0);
    syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
}

COLD void profile_text(struct sink *sink) {
    add_totals(sink);
    for (const struct profile_place *place = profile_places(); place; place = place->older) add_place(sink, place);
    add_maps(sink);
}
