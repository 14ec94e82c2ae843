/* Leaks, as they are told at exit. */
/* SPDX-License-Identifier: MIT */
#include "leaks.h"
#include "base/bits.h"
#include "leaks_mark.h"
#include "leaks_stop.h"
#include "report.h"

enum { SIZES_MAX = 8 };

struct lost {
    uint64_t blocks, bytes; /* bytes of the blocks, not as asked for: the heap does not know that */
    struct {
        uint64_t bytes, blocks;
    } size[SIZES_MAX]; /* by what is lost in all, the most first; the others are in the sums alone */
};

static uint64_t count_size(const struct leaks_search *search, uint64_t bytes) {
    uint64_t blocks = 0;
    for (size_t i = 0; i < search->count; i++) blocks += !search->blocks[i].reached && search->blocks[i].bytes == bytes;
    return blocks;
}

/* A size goes to its place, the most bytes first; one that stands there already stays. */
static void add_size(struct lost *lost, uint64_t bytes, uint64_t blocks) {
    uint64_t sum = bytes * blocks;
    for (int i = 0; i < SIZES_MAX; i++) {
        if (lost->size[i].bytes == bytes && lost->size[i].blocks == blocks) return;
        if (lost->size[i].bytes * lost->size[i].blocks >= sum && lost->size[i].blocks) continue;
        for (int j = SIZES_MAX - 1; j > i; j--) lost->size[j] = lost->size[j - 1];
        lost->size[i].bytes = bytes;
        lost->size[i].blocks = blocks;
        return;
    }
}

static void sum_up(struct lost *lost, const struct leaks_search *search) {
    uint64_t last = 0;
    for (size_t i = 0; i < search->count; i++) {
        const struct leaks_block *block = &search->blocks[i];
        if (block->reached) continue;
        lost->blocks++;
        lost->bytes += block->bytes;
        if (block->bytes != last) add_size(lost, block->bytes, count_size(search, block->bytes));
        last = block->bytes;
    }
}

static void tell_lost(struct report *report, const struct lost *lost, size_t live) {
    report_begin(report);
    if (lost->blocks == 0) {
        report_add(report, "no leaks: all of ");
        report_add_number(report, live, 0);
        report_add(report, " live blocks can be reached\n");
        return;
    }
    report_add(report, "leaks: ");
    report_add_number(report, lost->bytes, 0);
    report_add(report, " bytes in ");
    report_add_number(report, lost->blocks, 0);
    report_add(report, lost->blocks == 1 ? " block that nothing points to\n" : " blocks that nothing points to\n");
    for (int i = 0; i < SIZES_MAX && lost->size[i].blocks > 0; i++) {
        report_add_number(report, lost->size[i].blocks, 12);
        report_add(report, lost->size[i].blocks == 1 ? " block  of " : " blocks of ");
        report_add_number(report, lost->size[i].bytes, 0);
        report_add(report, " bytes\n");
    }
}

NOINLINE uintptr_t leaks_stack(void) {
    return (uintptr_t)__builtin_frame_address(0);
}

COLD void leaks_tell(int file, uintptr_t stack) {
    struct report report = {0};
    struct lost lost = {0};
    size_t running = leaks_stop();
    struct leaks_search *search = leaks_search(stack);
    leaks_resume();
    if (search) sum_up(&lost, search);
    if (search) {
        tell_lost(&report, &lost, search->count);
        leaks_search_end(search);
    } else {
        report_begin(&report);
        report_add(&report, "no search for leaks: no memory, or the process may not read its own\n");
    }
    if (running > 0) {
        report_begin(&report);
        report_add_number(&report, running, 0);
        report_add(&report, " threads could not be stopped: what only their registers point to is told as lost\n");
    }
    report_write(&report, file);
}
