/* What the bounded paths of the heap cost, call by call, in exact instructions: those for which tests/wcet.py has
 * computed a bound, and only calls that stay on them; part of `wcet`. */
/* SPDX-License-Identifier: MIT */
#include "path_cost.h"
#include "arch.h"
#include "console.h"
#include "heap/fast.h"
#include "heap/world.h"
#include "kernel.h"
#include "ktest.h"
#include "pmu.h"
#include "span/medium.h"
#include "span/medium_resize.h"
#include <heapalloc/heap.h>

enum { BLOCKS = 256, COSTS = 256, STEPS = 20000, WIDE = GRANULES_PER_UNIT, LISTED = MEDIUM_GRANULES_MIN };

static struct path {
    const char *name;
    uint32_t calls[COSTS]; /* by cost; the last counts all above */
} slab_alloc = {.name = "slab_alloc"}, slab_free = {.name = "slab_free"}, slab_resize = {.name = "slab_resize"},
  tlsf_take = {.name = "tlsf_take"}, tlsf_give = {.name = "tlsf_give"}, tlsf_resize = {.name = "tlsf_resize"};

static uint64_t cost; /* of the latest call */

static uint64_t call_counted(uintptr_t function, uint64_t first, uint64_t second) {
    return pmu_call(function, (const uint64_t[]){first, second, 0}, &cost);
}

static void count(struct path *path, bool stayed) {
    if (stayed) path->calls[cost < COSTS ? cost : COSTS - 1]++;
}

/* ---- slabs ----------------------------------------------------------------------------------- */

static void *alloc(size_t size) {
    bool stays = heap_self->bin[class_of(size)] != BLOCK_END;
    void *p = (void *)call_counted((uintptr_t)heap_alloc, size, 0);

    count(&slab_alloc, stays);
    return p;
}

static void give(void *p) {
    const struct unit *slab = span_unit(p);
    bool stays = slab->owner == heap_self && slab->used_blocks > 1;

    call_counted((uintptr_t)heap_free, (uintptr_t)p, 0);
    count(&slab_free, stays);
}

/* A block of a larger class than its size needs may move. */
static void *resize(void *p, size_t size) {
    size_t bytes = span_unit(p)->block_bytes;

    p = (void *)call_counted((uintptr_t)heap_realloc, (uintptr_t)p, size);
    count(&slab_resize, size > bytes / 2 && size <= bytes);
    return p;
}

static void measure_slabs(struct random *random) {
    static void *blocks[BLOCKS];
    static size_t sizes[BLOCKS];

    for (int step = 0; step < STEPS; step++) {
        size_t i = random_below(random, BLOCKS);
        if (blocks[i] == NULL) {
            sizes[i] = 1 + random_below(random, (uint64_t)16 << random_below(random, 9));
            blocks[i] = alloc(sizes[i]);
        } else if (random_below(random, 3) == 0 && sizes[i] > 16) {
            blocks[i] = resize(blocks[i], sizes[i]);
        } else {
            give(blocks[i]);
            blocks[i] = NULL;
        }
    }
    for (int i = 0; i < BLOCKS; i++) heap_free(blocks[i]);
}

/* ---- level 2 --------------------------------------------------------------------------------- */

static uint32_t free_count(const struct granule *slot) {
    return granule_state(slot) == GRANULE_FREE ? granule_count(slot) : 0;
}

static struct granule *take(uint32_t count_granules) {
    struct granule *slot = (struct granule *)call_counted((uintptr_t)medium_take_ready, count_granules, 0);

    count(&tlsf_take, slot != NULL);
    return slot ? slot : medium_take(count_granules, 1);
}

/* Whether it stays in level 2: merged with its neighbours it is not so large that units leave the level. */
static void put_slot(struct granule *slot) {
    uint32_t width = granule_count(slot) + free_count(slot + granule_count(slot)) + free_count(slot - slot->before);

    call_counted((uintptr_t)medium_give, (uintptr_t)slot, 0);
    count(&tlsf_give, width < WIDE);
}

static void stretch(struct granule *slot, uint32_t count_granules) {
    uint32_t both = granule_count(slot) + free_count(slot + granule_count(slot));
    bool done = call_counted((uintptr_t)medium_resize, (uintptr_t)slot, count_granules);
    count(&tlsf_resize, done && both - count_granules < WIDE);
}

/* Directed: a block is freed between two free ones, each the only one of its row, and merges into one of a third row;
 * then a request finds no list of its own size and splits a block of a higher row. */
static void measure_extremes(void) {
    static const uint32_t counts[][3] = {{5, 7, 20}, {40, 10, 70}, {20, 6, 40}, {33, 90, 65}};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct granule *parts[5];
        for (int j = 0; j < 5; j++) parts[j] = take(j < 3 ? counts[i][j] : LISTED);
        put_slot(parts[0]);
        put_slot(parts[2]);
        stretch(parts[1], counts[i][1] + 1);
        stretch(parts[1], counts[i][1]);
        put_slot(parts[1]);
        struct granule *again = take(counts[i][0] + 1);
        put_slot(again);
        put_slot(parts[4]);
        put_slot(parts[3]);
    }
}

static void measure_level_2(struct random *random) {
    static struct granule *blocks[BLOCKS];

    for (int step = 0; step < STEPS; step++) {
        size_t i = random_below(random, BLOCKS);
        uint32_t size = LISTED + (uint32_t)random_below(random, (uint64_t)1 << random_below(random, 8));
        if (blocks[i] == NULL) {
            blocks[i] = take(size);
        } else if (random_below(random, 3) == 0) {
            uint32_t have = granule_count(blocks[i]);
            stretch(blocks[i], random_below(random, 2) ? have + LISTED : have > 12 ? have - LISTED : have);
        } else {
            put_slot(blocks[i]);
            blocks[i] = NULL;
        }
        if (step % 4000 == 3999) heap_trim(heap_self); /* what is free becomes free and purged */
    }
    for (int i = 0; i < BLOCKS; i++)
        if (blocks[i]) medium_give(blocks[i]);
}

/* ---- report ---------------------------------------------------------------------------------- */

static void print(const struct path *path) {
    for (uint32_t i = 0; i < COSTS; i++)
        if (path->calls[i] > 0) kprintf("PATH %s %u %u\n", path->name, i, path->calls[i]);
}

void path_cost_print(void) {
    uint64_t daif = irq_save();
    struct random random = random_seeded(700);

    heap_free(heap_alloc(1));
    measure_extremes();
    measure_slabs(&random);
    measure_level_2(&random);
    print(&slab_alloc);
    print(&slab_free);
    print(&slab_resize);
    print(&tlsf_take);
    print(&tlsf_give);
    print(&tlsf_resize);
    irq_restore(daif);
}
