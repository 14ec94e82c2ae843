/* fork: the child has all blocks of all threads and can go on; no thread waits long for a fork under way. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "child.h"
#include "contents.h"
#include "heap/exited_thread.h"
#include "heap/fast.h"
#include "heap/fork.h"
#include "heap/thread.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include "span/emergency.h"
#include "span/grow.h"
#include "span/units.h"
#include "test.h"
#include <pthread.h>
#include <unistd.h>

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

enum { BLOCKS = 300 };
static struct held mine[BLOCKS], theirs[BLOCKS];

static size_t size_of(int i) {
    return i % 9 == 0 ? (size_t)i * 2000 + 1 : (size_t)i * 7 % 900 + 1;
}

static void fill(struct held *blocks) {
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = (struct held){t_malloc(size_of(i)), size_of(i), (uint64_t)i};
        CHECK(blocks[i].at != NULL);
        contents_fill(&blocks[i]);
    }
}

static void check_and_free(struct held *blocks) {
    for (int i = 0; i < BLOCKS; i++) {
        if (!blocks[i].at) continue;
        CHECK(contents_hold(&blocks[i], blocks[i].size));
        t_free(blocks[i].at);
    }
}

static pthread_barrier_t barrier;

/* Another thread with blocks, some freed again so that its bins, caches and lists are not empty. */
static void *have_blocks(void *unused) {
    fill(theirs);
    for (int i = 0; i < BLOCKS; i += 3) t_free(theirs[i].at), theirs[i].at = NULL;
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}

static pthread_t begin_thread(void *(*body)(void *)) {
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK_EQ(pthread_create(&thread, NULL, body, NULL), 0);
    pthread_barrier_wait(&barrier);
    return thread;
}

static void end_thread(pthread_t thread) {
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
}

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
    for (int class = 1; class < CLASS_COUNT; class ++) {
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

static int done;

static void *first_calls(void *unused) {
    void *a = t_malloc(100), *b = t_calloc(10, 100), *c = t_memalign(4096, 10000), *d = t_realloc(NULL, 300000);
    CHECK(a && b && c && d);
    CHECK(contents_are_zero(b, 1000));
    b = t_realloc(b, 50000);
    CHECK(b != NULL);
    t_free(a);
    t_free(b);
    t_free(c);
    t_free(d);
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    return unused;
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

static uint32_t heaps_made(void) {
    uint32_t count = 0;
    for (const struct heap *heap = heaps.all; heap; heap = heap->next_all) count++;
    return count;
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
