/* Sampling: what a profiler is told of allocations and frees. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/fast.h"
#include "heap/flush.h"
#include "heap/registry.h"
#include "heap/thread.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include "sampled.h"
#include "test.h"
#include <math.h>
#include <pthread.h>

enum { MANY = 2000 };
static void *blocks[MANY];

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static size_t size_of(int i) {
    return (size_t)(1 + i * 7919 % (i % 50 == 0 ? 600000 : i % 10 == 0 ? 60000 : 700));
}

TEST(every_block_is_told_at_a_rate_of_1) {
    uint64_t bytes = 0;
    sampled_begin(1, 1);
    for (int i = 0; i < MANY; i++) {
        CHECK((blocks[i] = i % 3 ? t_malloc(size_of(i)) : t_calloc(1, size_of(i))) != NULL);
        CHECK_EQ(sampled_size(blocks[i]), size_of(i));
        bytes += size_of(i);
    }
    sound();
    CHECK_EQ(sampled.taken, MANY);
    CHECK_EQ(sampled.taken_bytes, bytes);
    for (int i = 0; i < MANY; i += 2) t_free(blocks[i]);
    CHECK_EQ(sampled.freed, MANY / 2);
    for (int i = 0; i < MANY; i += 2) CHECK((blocks[i] = t_malloc(size_of(i))) != NULL);
    CHECK_EQ(sampled.taken, MANY + MANY / 2);
    sound();
    for (int i = 0; i < MANY; i++) t_free(blocks[i]);
    CHECK_EQ(sampled.freed, sampled.taken);
    CHECK_EQ(sampled.freed_bytes, sampled.taken_bytes);
}

TEST(nothing_and_zero_bytes_count_as_one) {
    sampled_begin(1, 1);
    void *p = t_malloc(0), *q = t_calloc(0, 9);
    CHECK_EQ(sampled.taken_bytes, 2);
    t_free(p);
    t_free(q);
    CHECK_EQ(sampled.freed, 2);
}

/* Whole classes and powers of two: what was asked for is not known any more. */
TEST(aligned_blocks_are_told) {
    sampled_begin(1, 1);
    for (size_t align = 16; align <= 1 << 20; align *= 2) {
        uint64_t before = sampled.taken;
        void *p = t_aligned_alloc(align, 3 * align);
        CHECK(sampled_size(p) >= 3 * align);
        CHECK_EQ(sampled.taken, before + 1);
        t_free(p);
        CHECK_EQ(sampled.freed, sampled.taken);
    }
}

TEST(a_resized_block_is_told_anew) {
    sampled_begin(1, 1);
    size_t sizes[] = {10, 16, 17, 500, 300, 4000, 5000, 5100, 90000, 91000, 400000, 2 << 20, 3 << 20, 70000, 1000, 20};
    void *p = NULL;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CHECK((p = t_realloc(p, sizes[i])) != NULL);
        if (sampled_size(p) != sizes[i]) CHECK(t_malloc_usable_size(p) > 4096); /* it has been long enough */
        CHECK_EQ(sampled.taken, sampled.freed + 1);
        sound();
    }
    t_free(p);
    CHECK_EQ(sampled.taken, sampled.freed);
}

TEST(frees_after_the_end_are_told) {
    sampled_begin(1, 1);
    for (int i = 0; i < MANY; i++) CHECK((blocks[i] = t_malloc(size_of(i))) != NULL);
    sampled_end();
    sound();
    void *p = t_malloc(100);
    CHECK_EQ(sampled_size(p), 0);
    for (int i = 0; i < MANY; i++) t_free(blocks[i]);
    CHECK_EQ(sampled.freed, MANY);
    t_free(p);
    CHECK_EQ(sampled.freed, MANY);
}

/* Slabs are as before when they have no told block any more. */
TEST(a_slab_is_fast_again) {
    sampled_begin(1 << 20, 3);
    while (sampled.taken == 0) {
        for (int i = 0; i < MANY; i++) CHECK((blocks[i] = t_malloc(64)) != NULL);
        if (sampled.taken > 0) break;
        for (int i = 0; i < MANY; i++) t_free(blocks[i]);
    }
    void *known = NULL;
    for (int i = 0; i < MANY; i++)
        if (sampled_size(blocks[i])) known = blocks[i];
    CHECK_EQ(sampled_size(known), 64);
    struct unit *slab = span_unit(known);
    CHECK(slab->flags & UNIT_SAMPLED && slab->start_limit == 0);
    for (int i = 0; i < MANY; i += 2) t_free(blocks[i]); /* a full slab has no owner, who would look at once */
    for (int i = 1; i < MANY; i += 2) CHECK((blocks[i] == known) == (sampled_size(blocks[i]) > 0));
    for (int i = 1; i < MANY; i += 2) t_free(blocks[i]);
    CHECK(slab->kind == UNIT_SLAB && !(slab->flags & UNIT_SAMPLED) && slab->start_limit != 0);
    CHECK_EQ(sampled_size(known), 0);
    sound();
}

TEST(a_block_freed_twice_is_found) {
    sampled_begin(1, 1);
    char *p = t_malloc(100), *q = t_malloc(100);
    t_free(p);
    expect_stop("is already free", t_free(p));
    expect_stop("is in the middle of a block", t_free(q + 16));
    test_leaves_a_broken_heap();
}

/* A fixed seed, so the same each time: within five standard deviations. Weights w of samples with probability p have a
 * variance of (1 - p) / p each. */
static void estimate(size_t from, size_t to, int rounds) {
    enum { RATE = 64 << 10, HELD = 64 };
    double objects = 0, bytes = 0, objects_variance = 0, bytes_variance = 0;
    static void *held[HELD];
    memset(held, 0, sizeof held);
    sampled_begin(RATE, 12345);
    for (int i = 0; i < rounds; i++) {
        size_t size = from + (size_t)i * 7919 % (to - from + 1);
        double p = -expm1(-(double)size / RATE);
        t_free(held[i % HELD]);
        CHECK((held[i % HELD] = t_malloc(size)) != NULL);
        objects++;
        bytes += (double)size;
        objects_variance += (1 - p) / p;
        bytes_variance += (1 - p) / p * (double)size * (double)size;
    }
    CHECK(fabs(sampled.objects - objects) < 5 * sqrt(objects_variance));
    CHECK(fabs(sampled.bytes - bytes) < 5 * sqrt(bytes_variance));
    CHECK(sampled.taken > 5);
    for (int i = 0; i < HELD; i++) t_free(held[i]);
    CHECK_EQ(sampled.freed, sampled.taken);
    sampled_end();
}

TEST(estimates_are_unbiased) {
    unsigned percent = test_rounds(100);
    estimate(1, 40, 60000 * (int)percent);
    estimate(17, 17, 60000 * (int)percent);
    estimate(100, 100, 20000 * (int)percent);
    estimate(1, 1000, 10000 * (int)percent);
    estimate(600, 4096, 4000 * (int)percent);
    estimate(5000, 90000, 200 * (int)percent);
    estimate(300000, 900000, 10 * (int)percent);
}

/* Two in three blocks of a class of 32 bytes that are asked for with 17 are told less often than those of 32. */
TEST(the_fast_path_serves_between_two_events) {
    sampled_begin(1 << 20, 5);
    for (int i = 0; i < MANY; i++) CHECK((blocks[i] = t_malloc(32)) != NULL);
    for (int i = 0; i < MANY; i++) t_free(blocks[i]);
    CHECK((blocks[0] = t_malloc(32)) != NULL);
    CHECK(heap_self->bin[2] != BLOCK_END);
    t_free(blocks[0]);
    sound();
}

/* The frees that may come before the next event are counted ahead; those that do not come are taken off again. */
TEST(far_from_an_event_frees_return_to_the_bin) {
    enum { CLASS = 2, BYTES = 32 };
    sampled_begin(SAMPLE_RATE_MAX, 5);
    void *p = t_malloc(BYTES), *q = t_malloc(BYTES);
    struct size_class *of = &heap_self->classes[CLASS];
    CHECK(of->attached && of->attached->flags & UNIT_ATTACHED);
    t_free(q);
    CHECK(heap_self->bin[CLASS] == q);
    sound();
    uint64_t left = of->sample_left, ahead = of->attached->used_blocks;
    heap_close_bin(heap_self, CLASS);
    CHECK_EQ(of->sample_left, left + ahead * BYTES);
    heap_flush_bins(heap_self);
    sound();
    CHECK((q = t_malloc(BYTES)) != NULL);
    of->sample_left = 0; /* the next event comes right after the frees that were counted */
    for (int i = 0; i < 2 * RETURNS_FRESH; i++) {
        t_free(q);
        CHECK((q = t_malloc(BYTES)) != NULL);
    }
    sound();
    CHECK(sampled.taken > 0);
    t_free(p);
    t_free(q);
    CHECK_EQ(sampled.freed, sampled.taken);
}

/* What was put into the bin and taken out by frees is counted like what a refill puts there. */
TEST(blocks_that_return_at_once_are_counted) {
    enum { RATE = 4096, ROUNDS = 100000, BYTES = 64 };
    double expected = ROUNDS * (double)BYTES;
    sampled_begin(RATE, 77);
    for (int i = 0; i < ROUNDS; i++) {
        blocks[0] = t_malloc(BYTES);
        CHECK(blocks[0] != NULL);
        t_free(blocks[0]);
    }
    double p = -expm1(-(double)BYTES / RATE);
    CHECK(fabs(sampled.bytes - expected) < 5 * BYTES * sqrt(ROUNDS * (1 - p) / p));
    CHECK_EQ(sampled.freed, sampled.taken);
    sound();
}

TEST(ticks_come_as_often_as_in_any_heap) {
    fake.now_ms = 1000;
    sampled_begin(1 << 20, 5);
    for (int i = 0; i < MANY; i++) CHECK((blocks[i] = t_malloc(3000)) != NULL);
    for (int i = 0; i < MANY; i++) t_free(blocks[i]);
    fake.now_ms += 10000;
    for (int i = 0; i < MANY; i++) t_free(t_malloc(100000));
    CHECK(fake_counts.purged_bytes > 0 || fake_counts.unmaps > 0);
    heap_trim(heap_self);
    sound();
}

/* Threads that free each other's blocks, told or not. The profiler knows nothing, so that slabs become slow and fast
 * again all the time. */
enum { THREADS = 4, SLOTS = 256, TURNS = 40000 };
static void *slots[SLOTS];
static uint64_t blind_taken;

static bool blind_take(void *p, size_t size) {
    CHECK(p != NULL && size > 0);
    __atomic_add_fetch(&blind_taken, 1, __ATOMIC_RELAXED);
    return true;
}

static bool blind_free(const void *p) {
    return p == NULL;
}

static enum sample_known blind_know(const void *p) {
    return p == NULL ? SAMPLE_THIS : SAMPLE_NONE;
}

static void *swap_blocks(void *of) {
    uint32_t random = 1 + (uint32_t)(uintptr_t)of;
    heap_enter();
    sample_begin(heap_self, 2000, random);
    for (unsigned i = 0; i < test_rounds(TURNS); i++) {
        random = random * 1664525 + 1013904223;
        size_t size = random >> 28 ? random >> 10 & 511 : random >> 10 & 8191;
        char *p = t_malloc(size + 1), *old;
        CHECK(p != NULL);
        p[0] = p[size] = 1;
        old = __atomic_exchange_n(&slots[random >> 20 & (SLOTS - 1)], p, __ATOMIC_ACQ_REL);
        t_free(old);
    }
    sample_end(heap_self);
    heap_leave();
    return NULL;
}

TEST(threads_free_the_told_blocks_of_others) {
    static const struct sample_hooks hooks = {blind_take, blind_free, blind_know, NULL, NULL};
    pthread_t threads[THREADS];
    sample_hooks = &hooks;
    for (uintptr_t i = 0; i < THREADS; i++) CHECK_EQ(pthread_create(&threads[i], NULL, swap_blocks, (void *)i), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < SLOTS; i++) t_free(slots[i]);
    CHECK(blind_taken > 0);
    sound();
}
