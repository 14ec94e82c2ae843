/* Threads: blocks that outlive their thread, remote frees, heaps that are used again. */
/* SPDX-License-Identifier: MIT */
#include "base/alone.h"
#include "contents.h"
#include "heap/abandoned.h"
#include "heap/fast.h"
#include "heap/registry.h"
#include "heap/thread.h"
#include "in_thread.h"
#include "span/units.h"
#include <pthread.h>

enum { BLOCKS = 500 };
static void *blocks[BLOCKS];

static size_t size_of(int i) {
    return i % 10 == 0 ? (size_t)i * 700 + 1 : (size_t)i % 600 + 1;
}

static void *fill_blocks(void *unused) {
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = t_malloc(size_of(i));
        if (blocks[i]) contents_fill(&(struct held){blocks[i], size_of(i), (uint64_t)i});
    }
    return unused;
}

static void *free_blocks(void *unused) {
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i]) CHECK(contents_hold(&(struct held){blocks[i], size_of(i), (uint64_t)i}, size_of(i)));
        t_free(blocks[i]);
    }
    return unused;
}

static uint32_t heaps_made(void) {
    uint32_t count = 0;
    for (struct heap *heap = heaps.all; heap; heap = heap->next_all) count++;
    return count;
}

HEAP_TEST(blocks_outlive_their_thread) {
    run(fill_blocks, NULL);
    free_blocks(NULL);
    sound();
    test_nothing_is_lost();
}

HEAP_TEST(thread_that_only_frees_loses_nothing) {
    fill_blocks(NULL);
    run(free_blocks, NULL);
    sound();
    test_nothing_is_lost();
}

HEAP_TEST(threads_hand_blocks_on_through_many_generations) {
    for (int i = 0; i < 6; i++) {
        run(fill_blocks, NULL);
        run(free_blocks, NULL);
    }
    test_nothing_is_lost();
    CHECK_CALM(heaps_made() <= 3);
}

HEAP_TEST(heap_of_an_ended_thread_is_used_again) {
    t_free(t_malloc(1));
    for (int i = 0; i < 10; i++) run(fill_blocks, NULL), run(free_blocks, NULL);
    CHECK_CALM(heaps_made() == 2);
    test_nothing_is_lost();
}

/* Heap structs are cut from a unit whose earlier use is arbitrary. */
HEAP_TEST(heaps_are_cut_from_used_memory_too) {
    void *p = MUST(t_malloc(300000));
    memset(p, 0xa5, 300000);
    FREE(p);
    MUST(t_malloc(280000)); /* the recent block goes back to level 1, dirty */
    for (int i = 0; i < 4; i++) run(i % 2 ? free_blocks : fill_blocks, NULL);
    test_nothing_is_lost();
}

static pthread_barrier_t barrier;

static void *allocate_together(void *held) {
    *(void **)held = t_malloc(100);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    t_free(*(void **)held);
    return NULL;
}

HEAP_TEST(threads_at_the_same_time_have_heaps_of_their_own) {
    enum { THREADS = 9 };
    void *p = MUST(t_malloc(300000));
    memset(p, 0xa5, 300000);
    FREE(p);
    MUST(t_malloc(280000));
    pthread_t threads[THREADS];
    void *held[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) CHECK_EQ(pthread_create(&threads[i], NULL, allocate_together, &held[i]), 0);
    pthread_barrier_wait(&barrier);
    sound();
    for (int i = 0; i < THREADS; i++) {
        for (int j = 0; j < i; j++) CHECK(!held[i] || held[i] != held[j]);
        CHECK_CALM(held[i] && span_unit(held[i])->owner != heap_self);
    }
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    test_nothing_is_lost();
}

static void *use_and_free_much(void *unused) {
    enum { MUCH = 2000 };
    static void *much[MUCH];
    for (int i = 0; i < MUCH; i++) CHECK((much[i] = t_malloc(4096)) != NULL);
    for (int i = 0; i < MUCH; i++) t_free(much[i]);
    return unused;
}

static void *use_one(void *unused) {
    t_free(t_malloc(1));
    return unused;
}

/* Only threads that end take slow paths. */
TEST(time_passes_when_threads_end) {
    run(use_and_free_much, NULL);
    CHECK(units.dirty_units > 400);
    for (int i = 0; i < 2; i++) {
        fake.now_ms += 1000;
        run(use_one, NULL);
    }
    CHECK(units.dirty_units < 16);
}

static void *free_one(void *block) {
    t_free(block);
    return NULL;
}

/* A thread that frees into a full slab owns it from then on; its next free there is local. */
HEAP_TEST(first_to_free_into_a_full_slab_owns_it) {
    void *held[80];
    for (int i = 0; i < 80; i++) held[i] = MUST(t_malloc(512));
    struct unit *slab = span_unit(held[0]);
    CHECK(!slab->owner);
    test_forget(held[3]);
    run(free_one, held[3]);
    CHECK(slab->owner != heap_self);
    CHECK_EQ(slab->remote & REMOTE_OWNED, 0); /* that thread has ended: it is an abandoned slab now */
    test_nothing_is_lost();
}

HEAP_TEST(block_freed_elsewhere_returns_to_the_slab_of_its_owner) {
    void *p = MUST(t_malloc(512)), *q = MUST(t_malloc(512));
    struct unit *slab = span_unit(p);
    test_forget(p);
    run(free_one, p);
    CHECK(slab->owner == heap_self);
    CHECK_EQ(remote_count(slab->remote), 1);
    bool seen = false;
    for (int i = 0; i < 40; i++) seen |= MUST(t_malloc(512)) == p;
    CHECK(seen);
    FREE(q);
    test_nothing_is_lost();
}

/* A thread's frees after its heap was given up: in other destructors, and in libc itself. */
static pthread_key_t late_key;

static void late(void *held) {
    heap_leave(); /* as if our destructor had run first */
    CHECK(heap_self == &heap_ended && !heap_for_thread());
    t_free(held);
    void *p = t_malloc(100), *q = t_calloc(3, 5000), *r = t_memalign(4096, 100), *s = t_malloc(400000);
    if (q) CHECK(contents_are_zero(q, 15000));
    p = t_realloc(p, 6000);
    t_free(p);
    t_free(q);
    t_free(r);
    t_free(s);
    for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]), blocks[i] = NULL;
}

static void *end_late(void *unused) {
    void *held = t_malloc(50);
    pthread_setspecific(late_key, held ? held : &late_key);
    if (!held) pthread_setspecific(late_key, NULL);
    return unused;
}

HEAP_TEST(thread_that_has_ended_can_still_allocate_and_free) {
    pthread_key_create(&late_key, late);
    for (int i = 0; i < 6; i++) {
        fill_blocks(NULL);
        run(end_late, NULL);
        free_blocks(NULL);
        for (int n = 0; n < BLOCKS; n++) blocks[n] = NULL;
    }
    CHECK_CALM(heaps_made() <= 3);
}

enum { FULL_SLABS = 40, IN_SLAB = 32, KEPT_SLABS_MAX = 8 };
static void *in_slabs[FULL_SLABS * IN_SLAB];

static void *free_one_of_each(void *unused) {
    size_t class = class_of(512);
    t_free(t_malloc(1)); /* a heap, but none of its own slabs of this class */
    for (int i = 0; i < FULL_SLABS; i++) t_free(in_slabs[i * IN_SLAB]);
    size_t kept = heap_self->classes[class].partial.count;
    CHECK(kept <= KEPT_SLABS_MAX);
    CHECK_EQ(abandoned[class].queue.count, FULL_SLABS - 1 - kept); /* the last one is the other thread's current */
    CHECK(!verify_heap());
    return unused;
}

TEST(thread_that_only_frees_keeps_few_slabs) {
    for (int i = 0; i < FULL_SLABS * IN_SLAB; i++) CHECK((in_slabs[i] = t_malloc(512)) != NULL);
    run(free_one_of_each, NULL);
    uint32_t before = units.used_units;
    for (int i = 0; i < FULL_SLABS; i++) CHECK(t_malloc(512) != NULL);
    CHECK_EQ(units.used_units, before); /* the abandoned slabs have them */
    CHECK(!verify_heap());
}

/* Each thread replaces the blocks of random slots by new ones. */
enum { SLOTS = 50000, EXCHANGERS = 4, EXCHANGES = 300000 };
static void *slots[SLOTS];

static void *exchange(void *seed) {
    uint64_t random = (uintptr_t)seed * 0x9e3779b97f4a7c15;
    for (int i = EXCHANGES; i > 0; i--) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        void *p = t_malloc(16 + random % 240);
        CHECK(p != NULL);
        t_free(__atomic_exchange_n(&slots[(random >> 32) % SLOTS], p, __ATOMIC_ACQ_REL));
    }
    return NULL;
}

/* Each thread allocates as much as it frees, but it frees other threads' blocks. Slabs that one collects must reach the
 * others. */
TEST(threads_that_exchange_blocks_need_little_more_than_they_hold) {
    pthread_t threads[EXCHANGERS];
    exchange((void *)(uintptr_t)99);
    uint32_t alone = units.used_units;
    for (int i = 0; i < EXCHANGERS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, exchange, (void *)(uintptr_t)(i + 1)), 0);
    for (int i = 0; i < EXCHANGERS; i++) pthread_join(threads[i], NULL);
    CHECK(units.used_units <= 3 * alone);
    for (int i = 0; i < SLOTS; i++) t_free(slots[i]);
    CHECK(!verify_heap());
}

static void *only_misuse(void *block) {
    expect_stop("is already free", t_free(block));
    expect_stop("is in the middle of a block of 512 bytes", t_free((char *)blocks[1] + 16));
    return NULL;
}

/* Forks are expected at once if the process may have several threads (ThreadSanitizer starts one). */
static uint32_t expected_at_once(void) {
    return alone() ? 0 : 1;
}

/* A world may be in the middle of registering fork handlers, and allocate for that. */
TEST(process_with_one_thread_registers_nothing) {
    fake.now_ms = 0;
    t_free(t_malloc(100));
    t_free(t_malloc(5000));
    for (size_t size = 1; size < 100; size++) t_malloc(size * 5000);
    CHECK_EQ(fake_counts.forks, expected_at_once());
}

static uint32_t expected_before;

static void *take_one(void *unused) {
    t_malloc(1);
    CHECK(fake_counts.forks > expected_before);
    return unused;
}

static void *resize_one(void *p) {
    t_realloc(p, 900000);
    CHECK(fake_counts.forks > expected_before);
    return NULL;
}

/* A lock may be held while another thread forks only if forks were expected. */
TEST(second_thread_expects_forks) {
    t_malloc(1);
    CHECK_EQ(expected_before = fake_counts.forks, expected_at_once());
    run(take_one, NULL);
}

TEST(second_thread_that_only_resizes_expects_forks) {
    void *p = t_malloc(400000);
    CHECK_EQ(expected_before = fake_counts.forks, expected_at_once());
    run(resize_one, p);
}

TEST(misuse_from_another_thread_is_reported) {
    blocks[0] = t_malloc(512);
    blocks[1] = t_malloc(512);
    t_free(blocks[0]);
    run(only_misuse, blocks[0]);
}

static void *free_twice_from_elsewhere(void *block) {
    t_free(block);
    expect_stop("is already free", t_free(block));
    return NULL;
}

TEST(double_free_of_anothers_block_is_reported) {
    for (size_t size = 16; size < 2000000; size *= 5) {
        void *p = t_malloc(size);
        run(free_twice_from_elsewhere, p);
    }
}
