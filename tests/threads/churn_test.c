/* Thousands of threads start and end while their blocks stay; memory stays bounded. */
/* SPDX-License-Identifier: MIT */
#include "team.h"

enum { WIDTH = 8, KEPT = 2000 };

static _Atomic(struct parcel *) kept[KEPT];

/* Each leaves some blocks behind and frees what former threads left. */
static void *live_briefly(void *index) {
    uint64_t random = (uintptr_t)index * 2654435761u + 1;
    struct parcel *own[40];
    for (unsigned i = 0; i < 40; i++) own[i] = parcel_take(parcel_size(&random) / 4, i);
    for (unsigned i = 0; i < 40; i++) parcel_give(atomic_exchange(&kept[next_random(&random) % KEPT], own[i]));
    return NULL;
}

static void live_many(unsigned count) {
    struct team team;
    for (unsigned i = 0; i < count; i += WIDTH) {
        team.count = 0;
        for (uintptr_t k = 0; k < WIDTH; k++) team_add(&team, live_briefly, (void *)(i + k + 1));
        team_join(&team);
    }
}

/* The scheduler decides how many of them run at once, so the early figure is the most that some hundreds needed. */
CASE(blocks_outlive_5000_threads) {
    size_t early = 0;
    for (unsigned i = 0; i < 6; i++) {
        live_many(250);
        if (resident_bytes() > early) early = resident_bytes();
    }
    live_many(3500);
    size_t late = resident_bytes();
    for (unsigned i = 0; i < KEPT; i++) parcel_give(kept[i]);
    expect_at(early, late, 0);
    expect(late < early + early / 4 + (4u << 20));
}

static void *take_one(void *size) {
    return malloc((uintptr_t)size);
}

/* Every thread allocates one block and ends; the main thread frees the block at once or much later. */
CASE(a_block_per_dead_thread) {
    enum { HELD = 1000 };
    static void *held[HELD];
    size_t early = 0;
    for (unsigned i = 0; i < 4 * HELD; i++) {
        pthread_t thread;
        expect(pthread_create(&thread, NULL, take_one, (void *)(uintptr_t)(16 + i % 3000)) == 0);
        free(held[i % HELD]);
        expect(pthread_join(thread, &held[i % HELD]) == 0 && held[i % HELD] != NULL);
        if (i == HELD) early = resident_bytes();
    }
    expect_at(early, resident_bytes(), 0);
    expect(resident_bytes() < early + (6u << 20));
    for (unsigned i = 0; i < HELD; i++) free(held[i]);
}

/* A thread that allocates much, frees it all, and ends must leave the memory to later threads. */
static void *take_and_give_much(void *unused) {
    enum { COUNT = 20000 };
    struct parcel **mine = malloc(COUNT * sizeof(struct parcel *));
    uint64_t random = 11;
    for (unsigned i = 0; i < COUNT; i++) mine[i] = parcel_take(next_random(&random) % 700, i);
    for (unsigned i = 0; i < COUNT; i++) parcel_give(mine[i]);
    free(mine);
    return unused;
}

CASE(what_a_thread_freed_serves_the_next) {
    run_in_thread(take_and_give_much, NULL);
    size_t early = resident_bytes();
    for (unsigned i = 0; i < 60; i++) run_in_thread(take_and_give_much, NULL);
    expect_at(early, resident_bytes(), 0);
    expect(resident_bytes() < early + (6u << 20));
}

static pthread_barrier_t all_there;

static void *meet(void *index) {
    uint64_t random = (uintptr_t)index + 1;
    struct parcel *mine[100];
    for (unsigned i = 0; i < 100; i++) mine[i] = parcel_take(parcel_size(&random), i);
    pthread_barrier_wait(&all_there);
    for (unsigned i = 0; i < 100; i++) parcel_give(mine[i]);
    return NULL;
}

CASE(sixty_four_threads_start_and_end) {
    struct team team;
    pthread_barrier_init(&all_there, NULL, 64);
    for (unsigned round = 0; round < 10; round++) {
        team_start(&team, 64, meet);
        team_join(&team);
    }
}

static void *detached(void *left) {
    uint64_t random = (uintptr_t)&random;
    for (unsigned i = 0; i < 50; i++) parcel_give(parcel_take(parcel_size(&random), i));
    atomic_fetch_sub((atomic_int *)left, 1);
    return NULL;
}

CASE(detached_threads_free_their_own_descriptors) {
    static atomic_int left;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (unsigned i = 0; i < 1000; i++) {
        pthread_t thread;
        atomic_fetch_add(&left, 1);
        expect(pthread_create(&thread, &attributes, detached, &left) == 0);
        while (atomic_load(&left) > 8) sched_yield();
    }
    while (atomic_load(&left) > 0) sched_yield();
}

enum { LIVE_THREADS = 60, SIZES = 20 };
static pthread_barrier_t all_live, all_seen;
static int size_step;

static void *one_of_each_size(void *unused) {
    void *blocks[SIZES];
    for (int i = 0; i < SIZES; i++) {
        size_t size = 100 + 16 * (size_t)(size_step > 0 ? i : SIZES - 1 - i);
        expect((blocks[i] = malloc(size)) != NULL);
        memset(blocks[i], 1, size);
    }
    pthread_barrier_wait(&all_live);
    pthread_barrier_wait(&all_seen);
    for (int i = 0; i < SIZES; i++) free(blocks[i]);
    return unused;
}

/* A thread that uses one block of each of many sizes does not need a page for each: 33 to 39 KiB in all, stack
 * included, depending on how the threads are scheduled. A page for each size would be 80 and more. */
static void sizes_share_pages(int step) {
    struct team team;
    size_step = step;
    pthread_barrier_init(&all_live, NULL, LIVE_THREADS + 1);
    pthread_barrier_init(&all_seen, NULL, LIVE_THREADS + 1);
    size_t before = resident_bytes();
    team_start(&team, LIVE_THREADS, one_of_each_size);
    pthread_barrier_wait(&all_live);
    size_t each = (resident_bytes() - before) / LIVE_THREADS;
    pthread_barrier_wait(&all_seen);
    team_join(&team);
    expect_at(each, 0, 0);
    expect(each <= 48 << 10);
}
CASE(rising_sizes_of_a_thread_share_pages) {
    sizes_share_pages(1);
}
CASE(falling_sizes_of_a_thread_share_pages) {
    sizes_share_pages(-1);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
