/* fork: the child has all blocks of all threads and can go on. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "child.h"
#include "fork_blocks.h"
#include "heap/exited_thread.h"
#include "heap/fast.h"
#include "heap/fork.h"
#include "heap/thread.h"
#include "heap/trim.h"
#include "span/emergency.h"
#include "span/grow.h"
#include "span/units.h"
#include <pthread.h>
#include <unistd.h>

static void go_on(void) {
    sound();
    check_and_free(theirs);
    check_and_free(mine);
    sound();
    for (int round = 0; round < 20; round++) {
        fill(mine);
        check_and_free(mine);
        sound();
    }
    heap_trim(heap_self);
    sound();
}

TEST(child_of_one_thread_goes_on) {
    fill(mine);
    fork_and(go_on);
    CHECK(!heaps.threaded);
    check_and_free(mine);
    sound();
}

TEST(child_has_the_blocks_of_a_thread_that_it_has_not) {
    fill(mine);
    pthread_t thread = begin_thread(have_blocks);
    fork_and(go_on);
    sound();
    end_thread(thread);
}

static void lose_little(void) {
    check_and_free(theirs);
    check_and_free(mine);
    /* Enough requests of every class to reach all slabs of the heap that was left behind. */
    void *held[40];
    for (int class = 1; class < CLASS_COUNT; ++class) {
        for (int round = 0; round < 30; round++) {
            for (int i = 0; i < 40; i++) held[i] = t_malloc(class_shapes[class].block_bytes);
            for (int i = 0; i < 40; i++) t_free(held[i]);
        }
    }
    sound();
    heap_trim(heap_self);
    heap_leave();
    heap_trim(NULL);
    sound();
    uint32_t out = units.used_units + units.emergency_units;
    CHECK(out < 20); /* the heaps' own units, and what the other thread kept as recent */
}

TEST(child_finds_the_free_blocks_of_missing_threads) {
    if (!config_safety) return;
    fill(mine);
    pthread_t thread = begin_thread(have_blocks);
    fork_and(lose_little);
    end_thread(thread);
}

static void *use_blocks_all_the_time(void *stop) {
    for (int round = 0; !__atomic_load_n((bool *)stop, __ATOMIC_RELAXED); round++) {
        void *held[60];
        for (int i = 0; i < 60; i++) held[i] = t_malloc(size_of((i * 31 + round) % BLOCKS));
        for (int i = 0; i < 60; i++) t_free(held[(i * 7 + round) % 60]), held[(i * 7 + round) % 60] = NULL;
    }
    return NULL;
}

static void go_on_shortly(void) {
    sound();
    check_and_free(mine);
    for (int i = 0; i < 200; i++) t_free(t_malloc(size_of(i)));
    fill(mine);
    check_and_free(mine);
    sound();
    fork_and(sound);
}

TEST(forks_amid_busy_threads) {
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    bool stop = false;
    fill(mine);
    for (int i = 0; i < THREADS; i++) CHECK_EQ(pthread_create(&threads[i], NULL, use_blocks_all_the_time, &stop), 0);
    for (int i = 0; i < 60; i++) fork_and(go_on_shortly);
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    check_and_free(mine);
    sound();
}

static void find_all_that_is_lost(void) {
    CHECK(heaps.left_by_fork > 0);
    check_and_free(theirs);
    for (int i = 0; heaps.left_by_fork > 0 && i < 1000; i++) fill(mine), check_and_free(mine);
    CHECK_EQ(heaps.left_by_fork, 0);
    sound();
    for (struct heap *heap = heaps.all; heap; heap = heap->next_all) CHECK(heap->state != HEAP_LEFT_BY_FORK);
    heap_adopt_enable(heap_self, 5); /* as in any process */
    CHECK(heap_self->classes[5].adopt_budget > 0);
#if !defined(HEAPALLOC_TSAN) && !defined(NO_THREADS_IN_CHILD)
    uint32_t made = heaps_made();
    end_thread(begin_thread(have_blocks)); /* with the missing thread's struct */
    CHECK_EQ(heaps_made(), made);
    check_and_free(theirs);
    sound();
#endif
    heap_trim(heap_self);
    heap_leave();
    heap_trim(NULL);
    sound();
    if (config_safety) CHECK(units.used_units + units.emergency_units < 20);
}

TEST(child_has_no_heaps_left_behind_after_a_while) {
    pthread_t thread = begin_thread(have_blocks);
    fork_and(find_all_that_is_lost);
    end_thread(thread);
}

/* The current slab has been handed out to its last block, and still belongs to the heap. */
static void *have_a_full_slab(void *unused) {
    static void *kept[2000];
    uint32_t class = class_of(200);
    int count = 0;
    do CHECK((kept[count++] = t_malloc(200)) != NULL);
    while (count < 200 || heap_self->bin[class] != BLOCK_END || slab_uncarved(heap_self->classes[class].current) > 0);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    while (count-- > 0) t_free(kept[count]);
    return unused;
}

static void find_a_full_slab(void) {
    CHECK(heaps.left_by_fork > 0);
    for (int i = 0; heaps.left_by_fork > 0 && i < 1000; i++) {
        void *others[100]; /* of another class, whose bin takes no slab of that one */
        for (int k = 0; k < 100; k++) others[k] = t_malloc(2000);
        sound();
        for (int k = 0; k < 100; k++) t_free(others[k]);
    }
    CHECK_EQ(heaps.left_by_fork, 0);
    sound();
}

TEST(full_slab_of_a_missing_thread_waits_for_no_bin) {
    pthread_t thread = begin_thread(have_a_full_slab);
    fork_and(find_a_full_slab);
    end_thread(thread);
}

static void find_and_fork(void) {
    t_free(t_malloc(7000));
    fork_and(find_all_that_is_lost);
}

/* The sweep of a child's child begins anew. */
/* As between the two steps of another thread's heap_leave(), and of its first allocation. */
static void live_heaps_are_counted(void) {
    sound();
    CHECK_EQ(heaps.live, 1);
    size_t bytes = CACHE_BYTES_MAX;
    for (int i = 0; i < 100; i++) {
        void *one = t_malloc(bytes), *other = t_malloc(bytes);
        t_free(one), t_free(other);
    }
    sound();
}

TEST(child_counts_the_heaps_that_live) {
    fill(mine);
    pthread_t thread = begin_thread(have_blocks);
    for (uint32_t wrong = -1u; wrong != 2; wrong++) {
        heaps.live += wrong;
        fork_and(live_heaps_are_counted);
        heaps.live -= wrong;
    }
    end_thread(thread);
}

TEST(child_of_a_child_has_none_either) {
    pthread_t thread = begin_thread(have_blocks);
    fork_and(find_and_fork);
    end_thread(thread);
}

#ifndef HEAPALLOC_TSAN /* which does not support threads in the child of a threaded process */
static void allocate_in_threads(void) {
    sound();
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, first_calls, NULL), 0);
        pthread_join(thread, NULL);
    }
    sound();
}

TEST(child_can_have_threads_of_its_own) {
    fill(mine);
    pthread_t thread = begin_thread(have_blocks);
    fork_and(allocate_in_threads);
    end_thread(thread);
}
#endif
