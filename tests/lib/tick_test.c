/* Time: free memory goes back to the world after a while, whichever thread runs, and at once on request. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/fast.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include "span/purge.h"
#include "span/units.h"
#include "test.h"
#include <heapalloc/heapalloc.h>
#include <pthread.h>

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

enum { BLOCKS = 4000 };
static void *blocks[BLOCKS];

/* About 40 MiB of one size. */
static void peak_of(size_t size) {
    for (size_t i = 0; i < BLOCKS && i * size < 40 * MIB; i++) {
        blocks[i] = t_malloc(size);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, size);
    }
}

static void free_peak(void) {
    for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]), blocks[i] = NULL;
}

static void a_few_more_allocations(void) {
    for (int i = 0; i < 200; i++) t_free(t_malloc(50 + (size_t)i * 40));
}

/* Memory that the heap has from the world and that was not purged: free and dirty, or in use. */
static size_t resident(void) {
    return ((size_t)units.used_units + units.dirty_units) * UNIT_BYTES -
           ((size_t)medium.free_granules - medium.dirty_granules) * KIB;
}

static void peak_goes_back(size_t size) {
    a_few_more_allocations();
    peak_of(size);
    size_t peak = resident();
    free_peak();
    fake.now_ms += 600;
    a_few_more_allocations();
    fake.now_ms += 600;
    a_few_more_allocations();
    CHECK(peak > 3 * MIB);
    CHECK(resident() <= 4 * MIB);
    CHECK(!verify_heap());
}

TEST(peak_of_small_blocks_goes_back_after_a_while) {
    peak_goes_back(1000);
}
TEST(peak_of_slab_sized_blocks_goes_back_after_a_while) {
    peak_goes_back(4096);
}
TEST(peak_of_medium_blocks_goes_back_after_a_while) {
    peak_goes_back(20 * KIB);
}
TEST(peak_of_wide_blocks_goes_back_after_a_while) {
    peak_goes_back(200 * KIB);
}
TEST(peak_of_large_blocks_goes_back_after_a_while) {
    peak_goes_back(3 * MIB);
}

TEST(peak_goes_back_though_every_tenth_block_stays) {
    peak_of(20 * KIB);
    size_t live = 0;
    for (int i = 0; i < BLOCKS; i++) {
        if (i % 10 == 0) {
            live += blocks[i] ? 20 * KIB : 0;
            continue;
        }
        t_free(blocks[i]);
    }
    for (int i = 0; i < 4; i++) {
        fake.now_ms += 600;
        a_few_more_allocations();
    }
    CHECK(resident() <= live * 11 / 10 + 4 * MIB);
}

TEST(nothing_goes_back_before_its_time) {
    a_few_more_allocations();
    peak_of(MIB);
    uint32_t purges = fake_counts.purges;
    for (int i = 0; i < 20; i++) t_free(blocks[i]);
    fake.now_ms += 400;
    a_few_more_allocations();
    CHECK_EQ(fake_counts.purges, purges);
}

/* Surplus memory goes back, although blocks that come and go keep it young by merging with it. */
TEST(surplus_goes_back_whatever_it_merges_with) {
    peak_of(3 * MIB);
    free_peak();
    uint32_t dirty = units.dirty_units;
    for (int i = 0; i < 30; i++) {
        void *held[3];
        fake.now_ms += 40;
        for (int k = 0; k < 3; k++) held[k] = memset(t_malloc(300 * KIB), 1, 300 * KIB);
        for (int k = 0; k < 3; k++) t_free(held[k]);
        a_few_more_allocations();
        if (i == 10) CHECK(units.dirty_units + 64 >= dirty);
    }
    CHECK(units.dirty_units >= 32);
    CHECK(units.dirty_units <= (2 * MIB) / UNIT_BYTES);
    uint32_t purges = fake_counts.purges;
    for (int i = 0; i < 30; i++) {
        fake.now_ms += 40;
        for (int k = 0; k < 3; k++) t_free(memset(t_malloc(300 * KIB), 1, 300 * KIB));
    }
    CHECK(fake_counts.purges <= purges + 4); /* memory that is used again and again stays */
    CHECK(!verify_heap());
}

/* A ring of blocks, each freed after a while: all memory is reused before it is old. */
TEST(memory_in_steady_use_is_not_purged) {
    enum { RING = 2000 };
    for (int i = 0; i < 60000; i++) {
        if (i % 100 == 0) fake.now_ms += 3;
        t_free(blocks[i % RING]);
        blocks[i % RING] = t_malloc((size_t)i * 37 % 4000 + 1);
    }
    CHECK(fake_counts.purged_bytes <= MIB);
}

static void *need_one(void *unused) {
    CHECK(t_malloc(64) != NULL);
    return unused;
}

static void *need_many(void *unused) {
    uint32_t before = units.used_units;
    for (int i = 0; i < BLOCKS / 2; i++) CHECK(t_malloc(512) != NULL);
    CHECK(units.used_units <= before + 12); /* the other thread's bin has some of them */
    return unused;
}

/* Half of the slabs' blocks are free, but this thread has needed none for a decay time: another thread gets them. */
TEST(slabs_that_nobody_needs_here_serve_another_thread) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, need_one, NULL), 0);
    pthread_join(thread, NULL);
    for (int i = 0; i < BLOCKS; i++) CHECK((blocks[i] = t_malloc(512)) != NULL);
    for (int i = 0; i < BLOCKS; i += 2) t_free(blocks[i]), blocks[i] = NULL;
    for (int i = 0; i < 6; i++) {
        fake.now_ms += 200;
        a_few_more_allocations();
    }
    CHECK_EQ(pthread_create(&thread, NULL, need_many, NULL), 0);
    pthread_join(thread, NULL);
    CHECK(!verify_heap());
}

TEST(trim_gives_everything_back_at_once) {
    static const size_t sizes[] = {100, 1000, 20 * KIB, 200 * KIB, 3 * MIB};
    for (int i = 0; i < 5; i++) {
        peak_of(sizes[i]);
        free_peak();
        CHECK(heap_trim(heap_self));
        CHECK_EQ(units.dirty_units, 0);
        CHECK(resident() <= 2 * MIB);
        CHECK(!verify_heap());
    }
    CHECK(!heap_trim(heap_self));
}

static void *only_free(void *unused) {
    for (int i = 0; i < BLOCKS; i++) {
        if (i == BLOCKS / 2) fake.now_ms += 600;
        t_free(blocks[i]);
    }
    return unused;
}

/* No thread allocates any more: the one that frees does the work. */
TEST(thread_that_only_frees_gives_memory_back) {
    for (int i = 0; i < BLOCKS; i++) blocks[i] = memset(t_malloc(2048), 1, 2048);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, only_free, NULL), 0);
    pthread_join(thread, NULL);
    CHECK(fake_counts.purged_bytes >= 2 * MIB);
    CHECK(!verify_heap());
}

TEST(clock_that_stands_still_purges_nothing) {
    fake.now_ms = 0;
    peak_of(20 * KIB);
    free_peak();
    a_few_more_allocations();
    CHECK_EQ(fake_counts.purges, 0);
    CHECK(!verify_heap());
}

TEST(world_that_provides_no_memory_is_never_asked_to_take_it_back) {
    purge_decay_ms = PURGE_NEVER;
    for (int round = 0; round < 2; round++) {
        peak_of(20 * KIB);
        for (int i = 0; i < BLOCKS; i += 2) t_free(blocks[i]), blocks[i] = NULL;
        fake.now_ms += 1000;
        a_few_more_allocations();
        heap_trim(heap_self);
        CHECK(!verify_heap());
        free_peak();
        peak_of(3 * MIB);
        free_peak();
        fake.now_ms += 1000;
        a_few_more_allocations();
        CHECK(!heap_trim(heap_self));
        CHECK(!verify_heap());
    }
    CHECK_EQ(fake_counts.purges, 0);
    CHECK(units.dirty_units > 0 && units.oldest != NULL);
}

TEST(clock_that_wraps_does_no_harm) {
    a_few_more_allocations();
    fake.now_ms += UINT32_MAX - 300; /* the core's own counts from the first tick */
    for (int i = 0; i < 10; i++) {
        peak_of(100 * KIB);
        free_peak();
        fake.now_ms += 200;
        a_few_more_allocations();
        CHECK(!verify_heap());
    }
    fake.now_ms += 1200;
    a_few_more_allocations();
    fake.now_ms += 600;
    a_few_more_allocations();
    CHECK(resident() <= 4 * MIB);
}

/* ---- whatever comes after the peak ---- */

enum { MANY = 250000 };
static void *many[MANY];

static size_t fill_many(size_t size) {
    size_t count = 24 * MIB / size < MANY ? 24 * MIB / size : MANY;
    for (size_t i = 0; i < count; i++) {
        many[i] = t_malloc(size);
        CHECK(many[i] != NULL);
    }
    return count;
}

static void *free_many(void *count) {
    for (size_t i = 0; i < (size_t)(uintptr_t)count; i++) t_free(many[i]);
    return NULL;
}

static void pairs(size_t size, int count) {
    for (int i = 0; i < count; i++) t_free(t_malloc(size));
}

/* The heap's memory that may be resident: units, without level 2's free and purged pages. */
static size_t held(void) {
    return ((size_t)units.used_units + units.dirty_units) * UNIT_BYTES -
           ((size_t)medium.free_granules - medium.dirty_granules) * GRANULE_BYTES;
}

static const size_t peaks[] = {16, 100, 1000, 4096, 8 * KIB, 60 * KIB, 200 * KIB, MIB, 4 * MIB};
enum { PEAKS = sizeof(peaks) / sizeof(peaks[0]) };

/* One size freed, one of all sizes allocated and freed in turn: twenty of these after two decay times are enough. */
static void peaks_go_back(bool by_another) {
    for (int peak = 0; peak < PEAKS; peak++) {
        for (int pair = 0; pair < PEAKS; pair++) {
            size_t count = fill_many(peaks[peak]);
            pthread_t thread;
            if (by_another) {
                CHECK_EQ(pthread_create(&thread, NULL, free_many, (void *)(uintptr_t)count), 0);
                pthread_join(thread, NULL);
            } else {
                free_many((void *)(uintptr_t)count);
            }
            pairs(peaks[pair], by_another ? 5000 : (peak + pair) % 2 * 100);
            fake.now_ms += 1000;
            pairs(peaks[pair], 20);
            CHECK(held() <= 4 * MIB + peaks[pair]); /* the block is kept for the next pair */
            fake.now_ms += 1000;
            pairs(100, 10000);
        }
    }
    CHECK(!verify_heap());
}

static bool construct_nothing(void *object, void *argument) {
    return object != argument;
}

static const struct heapalloc_pool_options pool_kinds[] = {
    {.object_bytes = 100},
    {.object_bytes = 100, .construct = construct_nothing},
    {.object_bytes = 100, .flags = HEAPALLOC_POOL_SHARED},
};

static void pool_pairs(struct heapalloc_pool *pool, int count) {
    for (int i = 0; i < count; i++) heapalloc_pool_put(pool, heapalloc_pool_get(pool));
}

/* Whatever was freed, twenty objects of a pool put back after two decay times are enough. */
TEST(peak_goes_back_though_only_a_pool_is_used) {
    for (int kind = 0; kind < 3; kind++) {
        struct heapalloc_pool *pool = heapalloc_pool_create_with(&pool_kinds[kind]);
        CHECK(pool != NULL);
        for (int peak = 0; peak < PEAKS; peak++) {
            free_many((void *)(uintptr_t)fill_many(peaks[peak]));
            pool_pairs(pool, peak % 2 * 100);
            fake.now_ms += 1000;
            pool_pairs(pool, 20);
            CHECK(held() <= 4 * MIB);
            fake.now_ms += 1000;
            pool_pairs(pool, 10000);
        }
        heapalloc_pool_destroy(pool);
    }
    CHECK(!verify_heap());
}

TEST(peak_goes_back_whatever_comes_after) {
    peaks_go_back(false);
}
TEST(peak_that_another_thread_freed_goes_back) {
    peaks_go_back(true);
}

/* ---- clocks ---- */

static void peak_goes_back_by(size_t size) {
    size_t count = fill_many(MIB);
    free_many((void *)(uintptr_t)count);
    CHECK(held() > 20 * MIB);
    pairs(size, 6000000);
    CHECK(held() <= 5 * MIB);
    CHECK(!verify_heap());
}

TEST(peak_goes_back_though_the_clock_stands_still) {
    peak_goes_back_by(100);
}
TEST(peak_goes_back_by_medium_pairs_though_the_clock_stands_still) {
    peak_goes_back_by(8 * KIB);
}

static void clock_leaps(uint64_t ms) {
    a_few_more_allocations();
    size_t count = fill_many(MIB);
    free_many((void *)(uintptr_t)count);
    pairs(100, 100);
    fake.now_ms += ms;
    for (int i = 0; i < 4; i++) {
        pairs(100, 20);
        fake.now_ms += 500;
    }
    pairs(100, 20);
    CHECK(held() <= 4 * MIB);
    CHECK(!verify_heap());
}

TEST(clock_that_is_set_back_keeps_nothing) {
    fake.now_ms = UINT64_C(10000000000);
    clock_leaps(-UINT64_C(3600000));
}
TEST(clock_that_leaps_by_half_its_range_keeps_nothing) {
    clock_leaps(UINT64_C(24) * 86400000);
}
TEST(clock_that_leaps_by_all_its_range_keeps_nothing) {
    clock_leaps(UINT64_C(49) * 86400000);
}
