/* Runs of units: exactly the free memory, and all of it again after freeing. */
/* SPDX-License-Identifier: MIT */
#include "cores.h"
#include "heap/fast.h"
#include "heap_check.h"
#include "kernel.h"
#include "kmalloc.h"
#include "ktest.h"

extern uint8_t _start[], __end[];

enum { RUNS_MAX = 2048 };

static struct run {
    void *at;
    size_t units;
} runs[RUNS_MAX];

static struct range range_of(const struct run *run) {
    return (struct range){(uintptr_t)run->at, (uintptr_t)run->at + run->units * PAGE_UNIT_BYTES};
}

/* Take the largest runs, down to single units, and sum them up. */
static uint32_t take_all(void) {
    uint32_t count = 0;

    for (size_t units = page_sums().largest_units; units > 0 && count < RUNS_MAX;) {
        void *at = page_alloc(units);
        if (at == NULL)
            units /= 2;
        else
            runs[count++] = (struct run){at, units};
    }
    return count;
}

static void give_all(uint32_t count) {
    for (uint32_t i = 0; i < count; i += 2) page_free(runs[i].at); /* no run has a free neighbour */
    for (uint32_t i = 1; i < count; i += 2) page_free(runs[i].at);
}

KTEST(page, tables_describe_all_of_ram) {
    struct page_sums sums = page_sums();
    struct range tables = page_tables();

    expect(sums.units * PAGE_UNIT_BYTES >= ranges_bytes(&memory.free) / 40 * 39);
    expect(tables.end - tables.start <= ranges_bytes(&memory.ram) / 20); /* also if nodes are far apart */
    expect(tables.end > tables.start && !ranges_overlap(&memory.taken, tables));
    struct range_list elsewhere = {.at = {tables}, .count = 1};
    for (uint32_t i = 0; i < memory.free.count; i++) ranges_subtract(&elsewhere, memory.free.at[i]);
    expect(elsewhere.count == 0);
}

/* At most one unit is lost on either side of each free range. */
KTEST(page, free_memory_is_entered) {
    struct page_sums sums = heap_check_settle();
    struct range tables = page_tables();
    uint64_t bytes = ranges_bytes(&memory.free) - (tables.end - tables.start);
    uint64_t lost = 2 * PAGE_UNIT_BYTES * (memory.free.count + 1) + 16 * PAGE_UNIT_BYTES; /* heaps of cores */

    expect(sums.free_units * PAGE_UNIT_BYTES <= bytes);
    for (uint32_t i = 0; i < span_count; i++) lost += span_list[i]->bytes / 40; /* their tables */
    expect(sums.free_units * PAGE_UNIT_BYTES + lost >= bytes);
    expect(kmalloc_verify() == NULL);
}

KTEST(page, runs_are_free_memory_and_disjoint) {
    struct page_sums before = heap_check_settle();
    uint32_t count = take_all();
    struct range_list left = memory.free;
    size_t units = 0;

    expect(count > 0 && page_sums().free_units == 0 && page_alloc(1) == NULL);
    expect(ranges_subtract(&left, page_tables()));
    for (uint32_t i = 0; i < count; i++) {
        struct range_list rest = {.at = {range_of(&runs[i])}, .count = 1};
        for (uint32_t j = 0; j < left.count; j++) ranges_subtract(&rest, left.at[j]);
        expect(rest.count == 0);
        units += runs[i].units;
        for (uint32_t j = 0; j < i; j++)
            expect(!ranges_overlap(&(struct range_list){.at = {range_of(&runs[j])}, .count = 1}, range_of(&runs[i])));
    }
    expect(units == before.free_units);
    expect(kmalloc_verify() == NULL);
    give_all(count);
    struct page_sums after = heap_check_settle();
    expect(heap_check_same(&before, &after));
    expect(kmalloc_verify() == NULL);
}

KTEST(page, impossible_runs_are_refused) {
    expect(page_alloc(0) == NULL);
    expect(page_alloc(page_sums().units) == NULL);
    expect(page_alloc(SIZE_MAX) == NULL);
}

static uintptr_t heap_at[CORES_MAX];

static void heap_of(void *unused) {
    (void)unused;
    heap_at[core_self()->index] = (uintptr_t)heap_self;
}

/* Not accepted as regions: memory that is free already, units with a core's heap or the tables, addresses without RAM.
 * */
KTEST(page, regions_that_are_not_ours_to_give_are_refused) {
    struct page_sums before = heap_check_settle();
    void *run = page_alloc(4);

    require(run != NULL);
    expect(!page_add_region(run, 4 * PAGE_UNIT_BYTES));
    expect(!page_add_region((char *)run + PAGE_UNIT_BYTES, PAGE_UNIT_BYTES));
    page_free(run);
    cores_run(heap_of, NULL);
    for (uint32_t i = 1; i < core_count(); i++) {
        uintptr_t unit = heap_at[i] & ~(PAGE_UNIT_BYTES - 1);
        expect(!page_add_region((void *)unit, PAGE_UNIT_BYTES));
    }
    expect(!page_add_region((void *)page_tables().start, 4 * PAGE_UNIT_BYTES));
    expect(!page_add_region(run, 4 * PAGE_UNIT_BYTES));
    expect(!page_add_region(run, PAGE_UNIT_BYTES - 1));
    expect(!page_add_region((void *)memory.ram.at[memory.ram.count - 1].end, 1 << 20));
    expect(!page_add_region(_start, SIZE_MAX / 2));
    expect(!page_add_region(_start, PAGE_UNIT_BYTES));
    struct page_sums after = heap_check_settle();
    expect(heap_check_same(&before, &after));
}

/* ---- what is idle goes back in steps ---------------------------------------------------------- */

enum { TINY = 16, TINY_BLOCKS = PAGE_UNIT_BYTES / TINY, ASKED = 400 };

static void *tiny[TINY_BLOCKS];

/* A slab of tiny blocks, all of which are in use. What is allocated before it begins is chained. */
static bool take_tiny(void **spare) {
    for (int i = 0; i < 2 * TINY_BLOCKS; i++) {
        void **p = kmalloc(TINY);
        if (p == NULL) return false;
        if ((uintptr_t)p % PAGE_UNIT_BYTES != 0) {
            *p = *spare;
            *spare = p;
            continue;
        }
        tiny[0] = p;
        for (int k = 1; k < TINY_BLOCKS; k++)
            if ((tiny[k] = kmalloc(TINY)) != (char *)p + (size_t)k * TINY) return false;
        return true;
    }
    return false;
}

/* Ask for a unit so many times; returns the first that is handed out. */
static void *ask(int times) {
    for (; times > 0; times--) {
        void *run = page_alloc(1);
        if (run) return run;
    }
    return NULL;
}

/* Free memory is all gone, and one slab becomes idle: refused requests look at it, some blocks each. A block that is
 * allocated after it was looked at keeps the slab; once it is free, its unit is handed out. */
KTEST(page, idle_slab_goes_back_in_steps_unless_it_is_used) {
    void *spare = NULL;
    heap_check_settle();
    require(take_tiny(&spare));
    uint32_t count = take_all();
    while (count < RUNS_MAX && (runs[count].at = ask(ASKED))) count++;
    require(ask(ASKED) == NULL);
    for (int i = TINY_BLOCKS - 1; i >= 0; i--) kfree(tiny[i]);
    require(ask(20) == NULL);
    void *used = kmalloc(TINY);
    expect(used == tiny[0]);
    expect(ask(ASKED) == NULL);
    kfree(used);
    void *run = ask(ASKED);
    expect(run == tiny[0]);
    page_free(run);
    give_all(count);
    heap_check_give(spare);
    expect(kmalloc_verify() == NULL);
}
