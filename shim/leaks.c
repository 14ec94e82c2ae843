/* Reports leaks. */
/* SPDX-License-Identifier: MIT */
#include "leaks.h"
#include "base/bits.h"
#include "caller.h"
#include "leaks_mark.h"
#include "leaks_stop.h"
#include "process.h"
#include "profile.h"
#include "profile_table.h"
#include "report.h"
#include "shim.h"
#include <heapalloc/heapalloc.h>

enum { SIZES_MAX = 8, PLACES_MAX = 8, CALLERS_MAX = 4, NAME_BYTES = 100 };

struct lost {
    uint64_t blocks, bytes; /* the requested size if the profile knows it, else the block's */
    uint64_t known;         /* blocks whose allocating place is known */
    struct {
        uint64_t bytes, blocks;
    } size[SIZES_MAX]; /* the sizes that lost the most bytes, in falling order; the sums include the others */
};

static uint64_t count_size(const struct leaks_search *search, uint64_t bytes) {
    uint64_t blocks = 0;
    for (size_t i = 0; i < search->count; i++) blocks += !search->blocks[i].reached && search->blocks[i].bytes == bytes;
    return blocks;
}

/* Insert a size in falling order of lost bytes, unless it is there already. */
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

static void forget_places(void) {
    for (struct profile_place *place = profile_places(); place; place = place->older)
        place->lost_blocks = place->lost_bytes = 0;
}

/* Count the lost block at its place; returns the requested size, or the block's if no place is known. */
static size_t count_place(struct lost *lost, const struct leaks_block *block) {
    size_t size;
    struct profile_place *place = profile_find((const void *)(uintptr_t)block->address, &size);
    if (!place) return block->bytes;
    lost->known++;
    place->lost_blocks++;
    place->lost_bytes += size;
    return size;
}

static void sum_up(struct lost *lost, const struct leaks_search *search) {
    uint64_t last = 0;
    forget_places();
    for (size_t i = 0; i < search->count; i++) {
        const struct leaks_block *block = &search->blocks[i];
        if (block->reached) continue;
        lost->blocks++;
        lost->bytes += count_place(lost, block);
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
    if (lost->known == lost->blocks) return; /* tell_places() lists them instead */
    for (int i = 0; i < SIZES_MAX && lost->size[i].blocks > 0; i++) {
        report_add_number(report, lost->size[i].blocks, 12);
        report_add(report, lost->size[i].blocks == 1 ? " block  of " : " blocks of ");
        report_add_number(report, lost->size[i].bytes, 0);
        report_add(report, " bytes\n");
    }
}

static struct profile_place *worst_place(void) {
    struct profile_place *worst = NULL;
    for (struct profile_place *place = profile_places(); place; place = place->older)
        if (place->lost_blocks > 0 && (!worst || place->lost_bytes > worst->lost_bytes)) worst = place;
    return worst;
}

/* Add the callers, from malloc's outwards. */
static void add_callers(struct report *report, const struct profile_place *place) {
    for (size_t i = 0; i < place->depth && i < CALLERS_MAX; i++) {
        char name[NAME_BYTES];
        name[caller_name(place->pcs[i], name, sizeof(name) - 1)] = 0;
        report_add(report, i == 0 ? " by " : " < ");
        report_add(report, name);
    }
    report_add(report, "\n");
}

static void tell_places(int file) {
    struct report report = {0};
    struct profile_place *place;
    for (int i = 0; i < PLACES_MAX && (place = worst_place()); i++) {
        report_add_number(&report, place->lost_bytes, 12);
        report_add(&report, " bytes in ");
        report_add_number(&report, place->lost_blocks, 0);
        report_add(&report, place->lost_blocks == 1 ? " block" : " blocks");
        add_callers(&report, place);
        report_write(&report, file);
        place->lost_blocks = 0;
    }
    if (!(place = worst_place())) return;
    report_add(&report, "             and by others\n");
    report_write(&report, file);
}

NOINLINE uintptr_t leaks_stack(void) {
    return (uintptr_t)__builtin_frame_address(0);
}

static void tell_running(int file, size_t running) {
    struct report report;
    report_begin(&report);
    report_add_number(&report, running, 0);
    report_add(&report, " threads could not be stopped: what only their registers point to is told as lost\n");
    report_write(&report, file);
}

static void tell_no_search(struct report *report) {
    report_begin(report);
    report_add(report, "no search for leaks: no memory, or the process may not read its own\n");
}

COLD long leaks_tell(int file, uintptr_t stack) {
    static long busy;
    struct report report = {0};
    struct lost lost = {0};
    if (!process_begin(&busy)) return errno = EBUSY, LEAKS_UNKNOWN;
    profile_fork(); /* no thread is stopped while it changes the profile's tables */
    size_t running = leaks_stop();
    struct leaks_search *search = leaks_search(stack);
    if (search) sum_up(&lost, search); /* while no thread changes the profile */
    leaks_resume();
    profile_forked();
    if (search)
        tell_lost(&report, &lost, search->count);
    else
        tell_no_search(&report);
    if (search) leaks_list_end(search);
    if (file >= 0) {
        report_write(&report, file);
        if (running > 0) tell_running(file, running);
        if (lost.known > 0) tell_places(file);
    }
    process_end(&busy);
    if (!search) errno = ENOMEM;
    return search ? (long)lost.blocks : LEAKS_UNKNOWN;
}

/* The frame holds the callee-saved registers, which may be the program's pointers. */
EXPORT COLD size_t heapalloc_leaks(int file) {
    __builtin_unwind_init();
    long blocks = leaks_tell(file, leaks_stack());
    __asm__ volatile("" ::: "memory"); /* no tail call: the frame stays */
    return (size_t)blocks;
}
