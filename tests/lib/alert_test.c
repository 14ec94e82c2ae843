/* Memory that threads leave behind when they end goes back by twenty calls of a thread that lives, whatever it calls.
 */
/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "contents.h"
#include "heap/alert.h"
#include "heap/fast.h"
#include "inspect/verify.h"
#include "span/units.h"
#include "test.h"
#include <pthread.h>

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

enum { MANY = 250000, FEW = 20 };
static void *many[MANY];
static size_t many_count, size_of_many;

static const size_t sizes[] = {16, 100, 1000, 4096, 8 * KIB, 60 * KIB, 200 * KIB, MIB, 4 * MIB};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void *fill_many(void *unused) {
    many_count = 24 * MIB / size_of_many < MANY ? 24 * MIB / size_of_many : MANY;
    for (size_t i = 0; i < many_count; i++) CHECK((many[i] = t_malloc(size_of_many)) != NULL);
    return unused;
}

static void *free_many(void *unused) {
    for (size_t i = 0; i < many_count; i++) t_free(many[i]);
    return unused;
}

static void *free_half(void *unused) {
    for (size_t i = 0; i < many_count; i += 2) t_free(many[i]), many[i] = NULL;
    return unused;
}

static void *fill_and_free(void *unused) {
    fill_many(NULL);
    free_many(NULL);
    return unused;
}

static void by_another(void *(*run)(void *)) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, run, NULL), 0);
    pthread_join(thread, NULL);
}

/* ---- who freed ---- */

static void another_frees(void) {
    fill_many(NULL);
    by_another(free_many);
}
static void another_allocates_and_frees(void) {
    by_another(fill_and_free);
}
static void one_allocates_another_frees(void) {
    by_another(fill_many);
    by_another(free_many);
}
static void both_free(void) {
    fill_many(NULL);
    free_half(NULL);
    by_another(free_many);
}
static void (*const ways_to_end[])(void) = {another_frees, another_allocates_and_frees, one_allocates_another_frees,
                                            both_free};
enum { WAYS_TO_END = sizeof(ways_to_end) / sizeof(ways_to_end[0]) };

/* ---- what the living thread does: blocks[] are of one size, and were allocated before ---- */

static void *blocks[FEW];
static size_t size_of_blocks;

static void pairs(int count) {
    for (int i = 0; i < count; i++) t_free(t_malloc(size_of_blocks));
}
static void few_pairs(void) {
    pairs(FEW);
}
static void few_zeroed(void) {
    for (int i = 0; i < FEW; i++) t_free(t_calloc(1, size_of_blocks));
}
static void few_frees(void) {
    for (int i = 0; i < FEW; i++) t_free(blocks[i]), blocks[i] = NULL;
}
static void few_resizes(void) {
    for (int i = 0; i < FEW; i++) CHECK((blocks[0] = t_realloc(blocks[0], size_of_blocks << (1 - i % 2))) != NULL);
}
static void few_aligned(void) {
    for (int i = 0; i < FEW; i++) t_free(t_memalign(64, size_of_blocks));
}
static void (*const ways_to_live[])(void) = {few_pairs, few_zeroed, few_frees, few_resizes, few_aligned};
enum { WAYS_TO_LIVE = sizeof(ways_to_live) / sizeof(ways_to_live[0]) };

/* The heap's memory that may be resident: units, without level 2's free and purged pages. */
static size_t held(void) {
    return ((size_t)units.used_units + units.dirty_units) * UNIT_BYTES -
           ((size_t)medium.free_granules - medium.dirty_granules) * GRANULE_BYTES;
}

static void goes_back(void (*end)(void), void (*live)(void)) {
    for (int i = 0; i < FEW; i++) CHECK((blocks[i] = t_malloc(size_of_blocks)) != NULL);
    pairs(1000);
    size_t before = held();
    end();
    fake.now_ms += 1100;
    live();
    CHECK(held() <= before + before / 10 + 4 * MIB);
    for (int i = 0; i < FEW; i++) t_free(blocks[i]), blocks[i] = NULL;
    fake.now_ms += 1100;
    pairs(10000);
    fake.now_ms += 1100;
    pairs(10000);
}

static void every_size_goes_back(void (*end)(void), void (*live)(void)) {
    for (int of_many = 0; of_many < SIZES; of_many++) {
        for (int of_blocks = 0; of_blocks < SIZES; of_blocks++) {
            size_of_many = sizes[of_many], size_of_blocks = sizes[of_blocks];
            goes_back(end, live);
        }
    }
    CHECK(!verify_heap());
}

TEST(what_ended_threads_freed_goes_back_by_pairs) {
    for (int way = 0; way < WAYS_TO_END; way++) every_size_goes_back(ways_to_end[way], few_pairs);
}
TEST(what_ended_threads_freed_goes_back_whatever_is_called) {
    for (int way = 1; way < WAYS_TO_LIVE; way++) every_size_goes_back(another_frees, ways_to_live[way]);
}

/* A thread that only allocates takes no slow path as long as its bin has blocks. */
static void few_allocations(void) {
    void *more[FEW];
    pairs(1);
    for (int i = 0; i < FEW; i++) CHECK((more[i] = t_malloc(100)) != NULL);
    for (int i = 0; i < FEW; i++) t_free(more[i]);
}
TEST(what_ended_threads_freed_goes_back_by_allocations_alone) {
    every_size_goes_back(another_frees, few_allocations);
}

/* ---- other threads that sleep, and a fork's child ---- */

static pthread_barrier_t here;

static void *free_and_sleep(void *unused) {
    free_many(NULL);
    pthread_barrier_wait(&here);
    pthread_barrier_wait(&here);
    return unused;
}

static void sleeper_frees(void (*live)(void)) {
    pthread_t thread;
    fill_many(NULL);
    size_t before = held() - 24 * MIB;
    CHECK_EQ(pthread_create(&thread, NULL, free_and_sleep, NULL), 0);
    pthread_barrier_wait(&here);
    fake.now_ms += 1100;
    live();
    CHECK(held() <= before + 6 * MIB); /* the sleeper's bins and empty slabs, too */
    pthread_barrier_wait(&here);
    pthread_join(thread, NULL);
    fake.now_ms += 1100;
    pairs(10000);
}

TEST(what_a_sleeping_thread_freed_goes_back) {
    pthread_barrier_init(&here, NULL, 2);
    for (int of_many = 1; of_many < SIZES; of_many++) {
        for (int of_blocks = 0; of_blocks < SIZES - 1; of_blocks++) {
            size_of_many = sizes[of_many], size_of_blocks = sizes[of_blocks];
            pairs(1000);
            sleeper_frees(few_pairs);
        }
    }
    CHECK(!verify_heap());
}

static void *sleep_and_use(void *unused) {
    pairs(1000);
    pthread_barrier_wait(&here);
    pthread_barrier_wait(&here);
    few_pairs();
    return unused;
}

/* Two threads sleep while a third ends. One of them wakes, uses the heap for a moment and sleeps on; the other, a while
 * later. */
TEST(each_sleeping_thread_is_alerted) {
    pthread_barrier_init(&here, NULL, 2);
    for (int i = 0; i < SIZES - 1; i++) {
        pthread_t thread;
        size_of_many = 8 * KIB, size_of_blocks = sizes[i];
        pairs(1000);
        CHECK_EQ(pthread_create(&thread, NULL, sleep_and_use, NULL), 0);
        pthread_barrier_wait(&here);
        size_t before = held();
        another_frees();
        pairs(3000);
        fake.now_ms += 1100;
        pthread_barrier_wait(&here);
        pthread_join(thread, NULL);
        CHECK(held() <= before + before / 10 + 4 * MIB);
        fake.now_ms += 1100;
        pairs(10000);
    }
    CHECK(!verify_heap());
}

static void use_as_child(void) {
    fake.now_ms += 1100;
    few_pairs();
    CHECK(held() <= 8 * MIB);
    CHECK(!verify_heap());
}

TEST(child_is_alerted_as_its_parent_was) {
    for (int i = 0; i < SIZES - 1; i++) {
        size_of_many = 8 * KIB, size_of_blocks = sizes[i];
        pairs(1000);
        another_frees();
        fork_and(use_as_child);
        fake.now_ms += 1100;
        pairs(10000);
    }
}
