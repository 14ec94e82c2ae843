/* Caches: all together stay within a bound, and other threads can empty them while their owners sleep. */
/* SPDX-License-Identifier: MIT */
#include "heap/fast.h"
#include "heap/steal.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include "span/purge.h"
#include "span/units.h"
#include "test.h"
#include <pthread.h>
#include <sched.h>

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

enum { THREADS = 32, BLOCKS = 200 };
static pthread_barrier_t barrier;
static bool stop;

static size_t size_of(int i) {
    return 5 * KIB + (size_t)i * 7919 % (70 * KIB);
}

/* Allocate and free a few times over, so that the cache is as wide as it gets. */
static void fill_cache(void) {
    void *blocks[BLOCKS];
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < BLOCKS; i++) CHECK((blocks[i] = t_malloc(size_of(i))) != NULL);
        for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]);
    }
    t_free(t_malloc(200 * KIB));
    t_free(t_malloc(MIB));
}

/* The threads fill their caches one after the other, sleep while the test looks, and go on. */
static void *fill_and_sleep(void *unused) {
    static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&turn);
    fill_cache();
    pthread_mutex_unlock(&turn);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    pthread_mutex_lock(&turn);
    fill_cache();
    pthread_mutex_unlock(&turn);
    return unused;
}

/* Kept by the sleepers' heaps. */
static size_t cached(void) {
    size_t granules = 0;
    for (struct heap *heap = heaps.all; heap; heap = heap->next_all) {
        if (heap == heap_self) continue;
        granules += cache_sum(heap);
        if (heap->recent_medium) granules += granule_count(heap->recent_medium);
        if (heap->recent_large) granules += (size_t)heap->recent_large->count * GRANULES_PER_UNIT;
    }
    return granules << GRANULE_SHIFT;
}

static void with_sleepers(void (*look)(void)) {
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    t_free(t_malloc(1));
    for (int i = 0; i < THREADS; i++) CHECK_EQ(pthread_create(&threads[i], NULL, fill_and_sleep, NULL), 0);
    pthread_barrier_wait(&barrier);
    CHECK(!verify_heap());
    look();
    CHECK(!verify_heap());
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK(!verify_heap());
    cache_flush(heap_self);
    CHECK_EQ(heaps.granted, 0);
}

static void are_within_a_bound(void) {
    CHECK(cached() >= 2 * MIB);
    CHECK(cached() <= 24 * MIB); /* what is granted, and the recent blocks */
}

static void go_back_after_a_while(void) {
    fake.now_ms += 2000;
    for (int i = 0; i < 20; i++) t_free(t_malloc(8 * KIB));
    for (int i = 0; i < 300; i++) t_free(t_malloc(100 + (size_t)i * 100));
    CHECK_EQ(cached(), 0);
}

static void go_back_by_trim(void) {
    heap_trim(heap_self);
    CHECK_EQ(cached(), 0);
    CHECK_EQ(units.dirty_units, 0);
}

TEST(caches_keep_no_more_together_than_a_bound) {
    with_sleepers(are_within_a_bound);
}
TEST(caches_of_sleeping_threads_go_back_after_a_while) {
    with_sleepers(go_back_after_a_while);
}
TEST(trim_empties_the_caches_of_sleeping_threads) {
    with_sleepers(go_back_by_trim);
}

/* Each block contains its owner's number as long as it is in use. */
static void *work(void *number) {
    char mark = (char)(uintptr_t)number, *blocks[16] = {NULL};
    for (int i = 0; !load_relaxed(stop); i++) {
        char **place = &blocks[i * 7 % 16];
        size_t size = i % 50 == 0 ? 300 * KIB : i % 20 == 0 ? 100 * KIB : size_of(i % 5);
        if (*place) CHECK_EQ(**place, mark);
        t_free(*place);
        CHECK((*place = t_malloc(size)) != NULL);
        **place = mark;
    }
    for (int i = 0; i < 16; i++) t_free(blocks[i]);
    return NULL;
}

TEST(caches_are_emptied_while_their_owners_work) {
    pthread_t threads[4];
    t_free(t_malloc(1)); /* the heap is there before there are threads */
    for (uintptr_t i = 0; i < 4; i++) CHECK_EQ(pthread_create(&threads[i], NULL, work, (void *)(i + 1)), 0);
    for (int i = 0; i < 400; i++) {
        steal_all(heap_self);
        if (i % 16 == 0) sched_yield();
    }
    store_relaxed(stop, true);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK(!verify_heap());
    cache_flush(heap_self);
    CHECK_EQ(heaps.granted, 0);
}

/* What was stolen is room again after the owner's next slow path. */
TEST(emptied_heap_starts_anew) {
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK_EQ(pthread_create(&thread, NULL, fill_and_sleep, NULL), 0); /* no thread is alone any more */
    pthread_barrier_wait(&barrier);
    fill_cache();
    struct heap *heap = heap_self;
    steal_all(NULL);
    CHECK(heap->stolen > 0);
    void *p = t_malloc(size_of(1));
    CHECK(p != NULL);
    cache_flush(heap);
    CHECK_EQ(heap->stolen, 0);
    CHECK_EQ(heap->cache_room, heap->cache_max);
    CHECK(!verify_heap());
    t_free(p);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
}
