/* What the machine's own operations cost, in instructions; run by the boot argument `wcet`. */
/* SPDX-License-Identifier: MIT */
#include "cost.h"
#include "arch.h"
#include "console.h"
#include "gic.h"
#include "heap_cost.h"
#include "lock.h"
#include "path_cost.h"
#include "pmu.h"
#include "psci.h"
#include "whole_cost.h"
#include <string.h>

/* Counts include reading the counter and calling the operation; `nothing` measures that alone. */
enum { REPEATS = 32, BUFFER_BYTES = 4096, SGI_MEASURED = 2 };

static uint8_t buffer[BUFFER_BYTES], source[BUFFER_BYTES];

static void nothing(void) {
}

/* Known without measuring: 100 turns of two instructions, one to set up, one to return. */
static void hundred_turns(void) {
    uint64_t turns = 100;
    __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(turns)::"cc");
}

static void zero_page(void) {
    bzero(buffer, sizeof buffer);
}

static void copy_page(void) {
    memcpy(buffer, source, sizeof buffer);
}

static void take_and_give(void) {
    static struct spinlock lock;
    spin_give(&lock, spin_take(&lock));
}

static void take_interrupt(void) {
    gic_send(core_self(), SGI_MEASURED);
}

static void measure(const char *name, void (*operation)(void)) {
    uint64_t least = UINT64_MAX, most = 0;

    for (int i = 0; i < REPEATS; i++) {
        uint64_t start = pmu_instructions();
        operation();
        uint64_t count = pmu_instructions() - start;
        least = count < least ? count : least;
        most = count > most ? count : most;
    }
    kprintf("COST %-16s %6lu %6lu\n", name, least, most);
}

uint64_t cost_run(void) {
    if (!pmu_init()) {
        kprintf("heapalloc-kernel: no instruction counter; QEMU has one with -icount shift=0\n");
        return EXIT_FAIL;
    }
    gic_attach(SGI_MEASURED, nothing);
    measure("nothing", nothing);
    measure("hundred turns", hundred_turns);
    measure("lock", take_and_give);
    measure("interrupt", take_interrupt);
    measure("bzero 4096", zero_page);
    measure("memcpy 4096", copy_page);
    path_cost_print();
    heap_cost_print();
    whole_cost_print();
    kprintf("heapalloc-kernel: DONE wcet\n");
    return EXIT_PASS;
}
