/* What the heap's calls cost, in instructions: mean and maximum over random sizes and orders; part of `wcet`. */
/* SPDX-License-Identifier: MIT */
#include "heap_cost.h"
#include "arch.h"
#include "console.h"
#include "kernel.h"
#include "kmalloc.h"
#include "ktest.h"
#include "pmu.h"

enum { BLOCKS = 512, STEPS_PER_ITER = 10 };

struct tally {
    const char *name;
    uint64_t calls, sum, most;
};

/* Sizes [least, most] of one level, and what its calls cost. */
static struct level {
    size_t least, most;
    struct tally alloc, free, resize;
} levels[] = {
    {1, 4096, {.name = "slab alloc"}, {.name = "slab free"}, {.name = "slab resize"}},
    {4097, 65536, {.name = "medium alloc"}, {.name = "medium free"}, {.name = "medium resize"}},
    {262145, 524288, {.name = "large alloc"}, {.name = "large free"}, {.name = "large resize"}},
};

static uint64_t overhead; /* of reading the counter twice */

static void add(struct tally *tally, uint64_t start) {
    uint64_t cost = pmu_instructions() - start - overhead;

    tally->calls++;
    tally->sum += cost;
    if (cost > tally->most) tally->most = cost;
}

/* Resize by a sixteenth, and count it only when it stays in place, because the cost of a copy is that of its bytes. */
static void resize_block(struct level *level, void **block, size_t size) {
    uint64_t start = pmu_instructions();
    void *p = heap_realloc(*block, size);

    if (p == *block) add(&level->resize, start);
    if (p != NULL) *block = p;
}

static void step(struct level *level, struct random *random, void **blocks, size_t *sizes, size_t count) {
    size_t i = random_below(random, count);

    if (blocks[i] == NULL) {
        size_t size = level->least + random_below(random, level->most - level->least + 1);
        uint64_t start = pmu_instructions();
        blocks[i] = heap_alloc(size);
        add(&level->alloc, start);
        sizes[i] = size;
    } else if (random_below(random, 4) == 0) {
        resize_block(level, &blocks[i], sizes[i] - sizes[i] / 16);
    } else {
        uint64_t start = pmu_instructions();
        heap_free(blocks[i]);
        add(&level->free, start);
        blocks[i] = NULL;
    }
}

static void print_tally(const struct tally *tally) {
    kprintf("HEAP %-14s %8lu %6lu %6lu\n", tally->name, tally->calls, tally->calls > 0 ? tally->sum / tally->calls : 0,
            tally->most);
}

static void measure_level(struct level *level, uint64_t salt) {
    static void *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    struct random random = random_seeded(salt);
    size_t count = BLOCKS / (level->least > 65536 ? 8 : 1);

    for (uint64_t i = 0; i < options.iters * STEPS_PER_ITER; i++) step(level, &random, blocks, sizes, count);
    for (size_t i = 0; i < count; i++) {
        heap_free(blocks[i]);
        blocks[i] = NULL;
    }
    print_tally(&level->alloc);
    print_tally(&level->free);
    print_tally(&level->resize);
}

void heap_cost_print(void) {
    uint64_t daif = irq_save();
    uint64_t start = pmu_instructions();

    overhead = pmu_instructions() - start;
    heap_free(heap_alloc(1)); /* makes the core's heap */
    kprintf("     %-14s %8s %6s %6s\n", "of the heap", "calls", "mean", "most");
    for (uint32_t i = 0; i < sizeof levels / sizeof *levels; i++) measure_level(&levels[i], 300 + i);
    irq_restore(daif);
}
