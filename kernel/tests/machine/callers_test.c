/* Who allocated what: every function of kmalloc.h is recorded with its caller, on every core. Needs callers=. */
/* SPDX-License-Identifier: MIT */
#include "callers.h"
#include "cores.h"
#include "kmalloc.h"
#include "ktest.h"

enum { SUMS = 8, BLOCKS = 100 };

static bool is_in(const struct callers_sum *sum, void (*function)(void)) {
    return (uintptr_t)sum->caller - (uintptr_t)function < 400;
}

static void *kept[CORES_MAX][BLOCKS];

static __attribute__((noinline)) void allocate_some(void) {
    for (int i = 0; i < BLOCKS; i++) kept[core_self()->index][i] = kmalloc(10 + (size_t)i * 20);
}

static void on_core(void *unused) {
    (void)unused;
    allocate_some();
}

static void free_next(void *unused) {
    (void)unused;
    void **blocks = kept[(core_self()->index + 1) % core_count()];
    for (int i = 0; i < BLOCKS; i++) kfree(blocks[i]);
}

KTEST(callers, blocks_of_all_cores_are_summed_by_caller) {
    struct callers_sum sums[SUMS];

    callers_forget();
    cores_run(on_core, NULL);
    require(callers_sum_up(sums, SUMS) == 1 && callers_lost() == 0);
    expect(is_in(&sums[0], allocate_some) && sums[0].blocks == (size_t)BLOCKS * core_count());
    expect(sums[0].bytes == core_count() * (BLOCKS * 10 + 20 * (size_t)(BLOCKS * (BLOCKS - 1) / 2)));
    cores_run(free_next, NULL);
    expect(callers_sum_up(sums, SUMS) == 0);
}

static void *p, *zeroed, *aligned, *resized;

static __attribute__((noinline)) void allocate_each(void) {
    p = kmalloc(1000), zeroed = kzalloc(2000), aligned = kmalloc_aligned(4000, 64), resized = krealloc(NULL, 8000);
}

static __attribute__((noinline)) void resize_each(void) {
    p = krealloc(p, 100000), zeroed = krealloc(zeroed, 1999);
}

KTEST(callers, each_function_is_recorded_and_a_resize_is_its_callers) {
    struct callers_sum sums[SUMS];
    size_t bytes = 0, blocks = 0;

    callers_forget();
    allocate_each();
    uint32_t count = callers_sum_up(sums, SUMS);
    require(count == 4 && sums[0].bytes == 8000 && sums[3].bytes == 1000);
    for (uint32_t i = 0; i < count; i++) expect(is_in(&sums[i], allocate_each));
    resize_each();
    count = callers_sum_up(sums, SUMS);
    require(count == 4 && sums[0].bytes == 100000 && is_in(&sums[0], resize_each));
    for (uint32_t i = 0; i < count; i++) blocks += sums[i].blocks, bytes += sums[i].bytes;
    expect(blocks == 4 && bytes == 100000 + 1999 + 4000 + 8000);
    count = callers_sum_up(sums, 2); /* what has no place is one sum */
    expect(count == 2 && sums[1].caller == NULL && sums[0].bytes + sums[1].bytes == bytes);
    kfree(p), kfree(zeroed), kfree(aligned);
    expect(krealloc(resized, 0) == NULL && callers_sum_up(sums, SUMS) == 0);
}

/* With few places: a record is found however crowded it is, and what has no place is counted. */
KTEST(callers, what_has_no_place_is_counted) {
    static void *many[4096];
    struct callers_sum sums[SUMS];
    struct random random = random_seeded(7);
    size_t live = 0;

    callers_forget();
    for (int step = 0; step < 20000; step++) {
        void **block = &many[random_below(&random, 300)];
        if (*block != NULL) kfree(*block);
        live -= *block != NULL;
        *block = *block != NULL ? NULL : kmalloc(16);
        live += *block != NULL;
    }
    expect(callers_sum_up(sums, SUMS) == 1 && sums[0].blocks == live && callers_lost() == 0);
    for (int i = 0; i < 4096; i++)
        if (many[i] == NULL) many[i] = kmalloc(16);
    callers_sum_up(sums, SUMS);
    expect(callers_lost() > 0 && callers_lost() < 4096);
    for (int i = 0; i < 4096; i++) kfree(many[i]);
    expect(callers_sum_up(sums, SUMS) == 0);
}
