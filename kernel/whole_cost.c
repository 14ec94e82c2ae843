/* What whole calls of the kernel's heap cost at most, in exact instructions, those that are refused included, and how
 * many instructions in a row they keep interrupts masked; part of `wcet`. tests/wcet.py compares both with what it has
 * proved. Almost all RAM is taken first, so that calls meet a heap that has nothing left. */
/* SPDX-License-Identifier: MIT */
#include "whole_cost.h"
#include "arch.h"
#include "console.h"
#include "kernel.h"
#include "kmalloc.h"
#include "ktest.h"
#include "page.h"
#include "pmu.h"
#include "timer.h"
#include <heapalloc/heap.h>

enum {
    RUN_UNITS = 64,
    RUNS_MAX = 1 << 12,
    LEFT_UNITS = 256, /* of RAM for the churn */
    BLOCKS = 8192,
    STEPS = 60000,
    TINY = 16,
    TINY_BLOCKS = 8 * 1024,
    LARGE_BYTES = 40000,
    TICK_COUNTS = 24, /* of the counter, 16 instructions each: longer than a tick takes */
};

static struct whole {
    const char *name;
    uint64_t calls, refused, most;
} kmalloc_cost = {.name = "kmalloc"}, kfree_cost = {.name = "kfree"}, krealloc_cost = {.name = "krealloc_in_place"},
  aligned_cost = {.name = "kmalloc_aligned"}, page_alloc_cost = {.name = "page_alloc"},
  page_free_cost = {.name = "page_free"};

static void *runs[RUNS_MAX];
static void *blocks[BLOCKS];
static bool watching; /* masked stretches are measured, not calls: pmu_call() masks by itself */

typedef uint64_t called(uint64_t, uint64_t, uint64_t);

static uint64_t whole_call(struct whole *whole, uintptr_t function, uint64_t first, uint64_t second) {
    size_t usable;
    uint64_t words[] = {first, second, (uintptr_t)&usable}, cost, result;

    if (watching) return ((called *)function)(first, second, (uintptr_t)&usable);
    result = pmu_call(function, words, &cost);
    whole->calls++;
    if (cost > whole->most) whole->most = cost;
    return result;
}

static void *whole_take(struct whole *whole, uintptr_t function, uint64_t first, uint64_t second) {
    void *p = (void *)whole_call(whole, function, first, second);

    whole->refused += p == NULL;
    return p;
}

static void *whole_alloc(size_t size) {
    return whole_take(&kmalloc_cost, (uintptr_t)kmalloc, size, 0);
}

static void whole_give(void *p) {
    whole_call(&kfree_cost, (uintptr_t)kfree, (uintptr_t)p, 0);
}

/* ---- fill ------------------------------------------------------------------------------------ */

static uint32_t take_ram(void) {
    uint32_t count = 0;

    while (count < RUNS_MAX && (runs[count] = whole_take(&page_alloc_cost, (uintptr_t)page_alloc, RUN_UNITS, 0)))
        count++;
    for (uint32_t left = 0; left < LEFT_UNITS / RUN_UNITS && count > 0; left++)
        whole_call(&page_free_cost, (uintptr_t)page_free, (uintptr_t)runs[--count], 0);
    return count;
}

static void give_ram(uint32_t count) {
    while (count > 0) whole_call(&page_free_cost, (uintptr_t)page_free, (uintptr_t)runs[--count], 0);
}

static void give_blocks(void) {
    for (uint32_t i = 0; i < BLOCKS; i++) {
        whole_give(blocks[i]);
        blocks[i] = NULL;
    }
}

/* ---- directed -------------------------------------------------------------------------------- */

/* Slabs of tiny blocks become empty one by one, and each block of them is looked at before the slab goes back. */
static void empty_slabs(void) {
    uint32_t count = 0;

    while (count < TINY_BLOCKS && (blocks[count] = whole_alloc(TINY))) count++;
    for (uint32_t i = 0; i < count; i++)
        if (i % 1024 != 0) whole_give(blocks[i]);
    for (uint32_t i = 0; i < count; i += 1024) whole_give(blocks[i]);
    for (uint32_t i = 0; i < count; i++) blocks[i] = NULL;
}

/* What is free lies in slabs of every class, and a larger request wants it. */
static void want_large_after_many(void) {
    uint32_t count = 0;

    for (size_t size = 16; size <= 4096; size += 16)
        for (int i = 0; i < 8 && count < BLOCKS; i++) blocks[count++] = whole_alloc(size);
    while (count < BLOCKS && (blocks[count] = whole_alloc(LARGE_BYTES))) count++;
    for (uint32_t i = 0; i < 2048 && i < count; i++) {
        whole_give(blocks[i]);
        blocks[i] = whole_alloc(LARGE_BYTES);
    }
    give_blocks();
}

/* ---- churn ----------------------------------------------------------------------------------- */

static size_t some_size(struct random *random) {
    size_t most = (size_t)16 << random_below(random, 15);
    return most / 2 + random_below(random, most);
}

static void whole_step(struct random *random) {
    size_t i = random_below(random, BLOCKS), size = some_size(random);

    if (blocks[i] != NULL && random_below(random, 4) == 0) {
        whole_call(&krealloc_cost, (uintptr_t)krealloc_in_place, (uintptr_t)blocks[i], size);
    } else if (blocks[i] != NULL) {
        whole_give(blocks[i]);
        blocks[i] = NULL;
    } else if (random_below(random, 16) == 0) {
        blocks[i] =
            whole_take(&aligned_cost, (uintptr_t)kmalloc_aligned, size, (uint64_t)16 << random_below(random, 12));
    } else {
        blocks[i] = whole_alloc(size);
    }
}

static void churn(struct random *random, uint32_t steps) {
    for (uint32_t i = 0; i < steps; i++) {
        whole_step(random);
        if (i % 64 == 0) {
            void *run = whole_take(&page_alloc_cost, (uintptr_t)page_alloc, 1 + random_below(random, 8), 0);
            if (run) whole_call(&page_free_cost, (uintptr_t)page_free, (uintptr_t)run, 0);
        }
    }
    give_blocks();
}

/* ---- masked ---------------------------------------------------------------------------------- */

static uint64_t last_tick, longest;

/* Two ticks are apart by the period, and by how long interrupts were masked when the second was due. So many fall into
 * each kind of call that some are due right at its start. */
static void whole_on_tick(void) {
    uint64_t now = pmu_instructions();

    if (now - last_tick > longest) longest = now - last_tick;
    last_tick = pmu_instructions();
}

static uint64_t longest_while(void (*work)(void)) {
    timer_set_hook(whole_on_tick);
    timer_start(sysreg_read(cntfrq_el0) / TICK_COUNTS);
    last_tick = pmu_instructions();
    longest = 0;
    work();
    timer_stop();
    timer_set_hook(NULL);
    return longest;
}

static void do_nothing(void) {
    for (volatile int i = 0; i < 1000; i++) {
    }
}

static void call_all(void) {
    struct random random = random_seeded(900);

    kfree(kzalloc(16 << 20));
    kfree(krealloc(krealloc(NULL, 1 << 20), 4 << 20));
    kfree(kmalloc(UINT64_C(1) << 40));
    uint32_t count = take_ram();
    churn(&random, 4000);
    give_ram(count);
}

/* ---- report ---------------------------------------------------------------------------------- */

static void whole_print(const struct whole *whole) {
    kprintf("WHOLE %s %lu %lu %lu\n", whole->name, whole->calls, whole->refused, whole->most);
}

void whole_cost_print(void) {
    struct random random = random_seeded(800);
    uint64_t daif = irq_save();
    kfree(kmalloc(1));
    uint32_t count = take_ram();

    empty_slabs();
    want_large_after_many();
    churn(&random, STEPS);
    give_ram(count);
    irq_restore(daif);
    whole_print(&kmalloc_cost);
    whole_print(&kfree_cost);
    whole_print(&krealloc_cost);
    whole_print(&aligned_cost);
    whole_print(&page_alloc_cost);
    whole_print(&page_free_cost);

    watching = true;
    uint64_t least = longest_while(do_nothing);
    kprintf("MASKED %lu\n", longest_while(call_all) - least);
}
