/* Threads that allocate, free, begin and end while another forks: none waits for it for long. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "child.h"
#include "fork_blocks.h"
#include "heap/fast.h"
#include "heap/fork.h"
#include "heap/thread.h"
#include "heap/trim.h"
#include "span/units.h"
#include <pthread.h>

static void *fork_many_times(void *unused) {
    for (int i = 0; i < 30; i++) fork_and(sound);
    return unused;
}

/* Units that a fork sets aside come back, also when two threads fork at the same time. */
TEST(two_threads_that_fork_leave_nothing_behind) {
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    fill(mine);
    for (int i = 0; i < THREADS; i++) CHECK_EQ(pthread_create(&threads[i], NULL, fork_many_times, NULL), 0);
    for (int i = 0; i < 100; i++) fork_prepare(), fork_parent();
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    sound();
}

/* The handler that allocates runs between ours and the fork, in the forking thread itself. */
TEST(forking_thread_can_allocate_while_it_forks) {
    fill(mine);
    end_thread(begin_thread(have_blocks));
    fork_prepare();
    first_calls(NULL);
    check_and_free(mine);
    fill(mine);
    fork_parent();
    sound();
    check_and_free(mine);
    sound();
}

TEST(thread_can_make_its_first_calls_while_another_forks) {
    fill(mine);
    end_thread(begin_thread(have_blocks));
    fork_prepare();
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, first_calls, NULL), 0);
    pthread_join(thread, NULL); /* would wait for ever if that thread waited for the fork */
    CHECK(done);
    fork_parent();
    sound();
    check_and_free(mine);
    sound();
}

static void *only_frees(void *blocks) {
    check_and_free(blocks);
    return NULL;
}

TEST(thread_can_free_everything_while_another_forks) {
    fill(mine);
    end_thread(begin_thread(have_blocks));
    fork_prepare();
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, only_frees, mine), 0);
    pthread_join(thread, NULL);
    fork_parent();
    for (int i = 0; i < 5; i++) fill(mine), check_and_free(mine);
    sound();
}

static void *allocate_a_lot(void *unused) {
    for (int i = 0; i < 3000; i++) CHECK(t_malloc(5000) != NULL);
    for (int i = 0; i < 200; i++) CHECK(t_malloc(200000) != NULL);
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    return unused;
}

TEST(much_can_be_allocated_while_another_forks) {
    end_thread(begin_thread(have_blocks));
    fork_prepare();
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, allocate_a_lot, NULL), 0);
    pthread_join(thread, NULL);
    fork_parent();
    sound();
    CHECK(done);
}

static uint32_t units_of_heaps(void) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < span_home.top_units; i++) count += span_home.lines[i].kind == UNIT_META;
    return count;
}

static void *live_shortly(void *unused) {
    t_free(t_malloc(100));
    heap_leave();
    return unused;
}

/* No heap struct is lost, neither one given up while a fork has the locks, nor those made meanwhile. */
TEST(threads_that_come_and_go_during_forks_leave_no_heaps) {
    end_thread(begin_thread(have_blocks));
    for (int round = 0; round < 20; round++) {
        pthread_t threads[3];
        fork_prepare();
        for (int i = 0; i < 3; i++) CHECK_EQ(pthread_create(&threads[i], NULL, live_shortly, NULL), 0);
        for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
        fork_parent();
        for (int i = 0; i < 3; i++) {
            CHECK_EQ(pthread_create(&threads[i], NULL, live_shortly, NULL), 0);
            pthread_join(threads[i], NULL);
        }
        sound();
    }
    CHECK(units_of_heaps() <= 6);
    CHECK(heaps_made() <= 12);
}

/* The forking thread has the locks, and does not sleep for its own fork. */
TEST(forking_thread_uses_the_levels_as_usual) {
    fill(mine);
    end_thread(begin_thread(have_blocks));
    uint32_t pauses = fake_counts.pauses;
    for (int round = 0; round < 50; round++) {
        fork_prepare();
        for (int i = 0; i < 5; i++) t_free(t_malloc(3000000)), check_and_free(mine), fill(mine);
        fork_parent();
    }
    CHECK_EQ(units.emergency_units, 0);
    CHECK_EQ(fake_counts.pauses, pauses);
    CHECK_EQ(span_count, 0);
    CHECK(span_home.bytes < 64 << 20);
    sound();
}

static void *hold_on(void *unused) {
    for (int i = 0; i < 40; i++) t_free(t_malloc(1500000)), t_free(t_malloc(5000));
    return unused;
}

/* Other threads sleep for a while, then take units that were set aside; in the end no more is mapped than at first. */
TEST(many_long_forks_take_no_more_addresses_than_few) {
    end_thread(begin_thread(have_blocks));
    size_t space = 0;
    for (int round = 0; round < 12; round++) {
        pthread_t thread;
        fork_prepare();
        CHECK_EQ(pthread_create(&thread, NULL, hold_on, NULL), 0);
        pthread_join(thread, NULL);
        fork_parent();
        sound();
        if (round == 3) space = fake_counts.space;
    }
    CHECK_EQ(fake_counts.space, space);
}

enum { LARGE_BLOCKS = 8 };
static void *large[LARGE_BLOCKS];

static void *take_large(void *unused) {
    for (int i = 0; i < LARGE_BLOCKS; i++) CHECK((large[i] = t_malloc(3900000)) != NULL);
    return unused;
}

/* What one long fork was short of is set aside by the next one, also when many short ones lie between. */
TEST(long_forks_among_short_ones_take_no_more_addresses_each) {
    end_thread(begin_thread(have_blocks));
    uint32_t spans = 0;
    for (int round = 0; round < 12; round++) {
        pthread_t thread;
        fork_prepare();
        CHECK_EQ(pthread_create(&thread, NULL, take_large, NULL), 0);
        pthread_join(thread, NULL);
        fork_parent();
        for (int i = 0; i < LARGE_BLOCKS; i++) t_free(large[i]);
        heap_trim(heap_self);
        for (int i = 0; i < 20; i++) fork_prepare(), fork_parent();
        sound();
        if (round == 1) spans = span_count;
    }
    CHECK_EQ(span_count, spans);
}

static void work_late(void *unused) {
    (void)unused;
    heap_leave();
    first_calls(NULL);
}

static pthread_key_t key;

static void *end_with_late_calls(void *unused) {
    t_free(t_malloc(10));
    pthread_setspecific(key, &key);
    return unused;
}

TEST(ended_thread_can_allocate_while_another_forks) {
    fill(mine);
    end_thread(begin_thread(have_blocks));
    pthread_key_create(&key, work_late);
    fork_prepare();
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, end_with_late_calls, NULL), 0);
    pthread_join(thread, NULL);
    CHECK(done);
    fork_parent();
    sound();
    check_and_free(mine);
    sound();
}
