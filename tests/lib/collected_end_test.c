/* The end of a collected arena: in another thread than made it, while a third one reads or collects it; references,
 * finalisers and what they allocate. */
/* SPDX-License-Identifier: MIT */
#include "extras/collected.h"
#include "heap/fast.h"
#include "inspect/verify.h"
#include "test.h"
#include <heapalloc/collected.h>
#include <pthread.h>

enum { BLOCKS = 300 };

/* What a thread makes, and another ends. */
static struct {
    struct heapalloc_collected *collected;
    void *places[BLOCKS]; /* weak references, in memory that is not scanned */
    int finals, was_null;
    bool precise;
} made;

static pthread_barrier_t reached, released;

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static void *other_thread(void *(*body)(void *), void *argument) {
    pthread_t thread;
    void *result;
    CHECK_EQ(pthread_create(&thread, NULL, body, argument), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    return result;
}

static void no_roots(struct heapalloc_collected *collected, void *argument) {
    (void)collected, (void)argument;
}

/* Uses the arena in all ways that a finaliser may. */
static void finalise(void *block, void *argument) {
    void *later;
    made.was_null += made.places[(uintptr_t)argument] == NULL;
    CHECK_EQ(*(uintptr_t *)block, (uintptr_t)argument);
    CHECK((later = heapalloc_collected_alloc(made.collected, 5000)));
    CHECK(heapalloc_collected_weak(made.collected, &made.places[(uintptr_t)argument]));
    made.places[(uintptr_t)argument] = later;
    CHECK_EQ(heapalloc_collected_collect(made.collected), 0);
    CHECK(heapalloc_collected_step(made.collected, 1));
    made.finals++;
}

static struct heapalloc_collected *create(const void *stack_base) {
    struct heapalloc_collected_options options = {.name = "ended"};
    if (made.precise) {
        options.trace_roots = no_roots;
        options.flags = HEAPALLOC_COLLECTED_PRECISE;
    }
    struct heapalloc_collected *collected = collected_create(&options, stack_base);
    CHECK(collected != NULL);
    return collected;
}

static void *make(void *unused) {
    (void)unused;
    made.collected = create(__builtin_frame_address(0));
    for (uintptr_t i = 0; i < BLOCKS; i++) {
        uintptr_t *block = heapalloc_collected_alloc(made.collected, 16 + i * 40);
        *block = i;
        made.places[i] = block;
        CHECK(heapalloc_collected_weak(made.collected, &made.places[i]));
        CHECK(heapalloc_collected_finalizer(made.collected, block, finalise, (void *)i));
    }
    return NULL;
}

static void *destroy(void *collected) {
    heapalloc_collected_destroy(collected);
    return NULL;
}

static void make_and_end(bool precise, bool by_a_third) {
    made.precise = precise;
    made.finals = made.was_null = 0;
    other_thread(make, NULL);
    if (by_a_third)
        other_thread(destroy, made.collected);
    else
        destroy(made.collected);
    CHECK_EQ(made.finals, BLOCKS);
    CHECK_EQ(made.was_null, BLOCKS); /* references end before finalisers run */
    for (int i = 0; i < BLOCKS; i++) CHECK(!made.places[i]);
    expect_stop("is not a collected arena", heapalloc_collected_destroy(made.collected));
    sound();
}

TEST(another_thread_ends_an_arena_as_its_own_does) {
    for (unsigned round = 0; round < 4; round++) make_and_end(round & 1, round & 2);
    test_nothing_is_lost();
}

/* Wait within a collection until the other threads have tried. */
static void wait_for_others(void) {
    pthread_barrier_wait(&reached);
    pthread_barrier_wait(&released);
}

static void waiting_roots(struct heapalloc_collected *collected, void *argument) {
    (void)collected, (void)argument;
    wait_for_others();
}

static void waiting_final(void *block, void *argument) {
    (void)block, (void)argument;
    wait_for_others();
}

static void *collect(void *unused) {
    (void)unused;
    heapalloc_collected_collect(made.collected);
    return NULL;
}

static void try_to_end(void) {
    pthread_barrier_wait(&reached);
    expect_stop("is destroyed while another thread collects it", heapalloc_collected_destroy(made.collected));
    pthread_barrier_wait(&released);
}

TEST(an_arena_that_is_collected_cannot_be_ended) {
    pthread_t thread;
    pthread_barrier_init(&reached, NULL, 2);
    pthread_barrier_init(&released, NULL, 2);
    struct heapalloc_collected_options options = {.trace_roots = waiting_roots, .flags = HEAPALLOC_COLLECTED_PRECISE};
    made.collected = collected_create(&options, NULL);
    void *block = heapalloc_collected_alloc(made.collected, 64);
    CHECK(heapalloc_collected_finalizer(made.collected, block, waiting_final, NULL));
    CHECK_EQ(pthread_create(&thread, NULL, collect, NULL), 0);
    for (int scan = 0; scan < 2; scan++) try_to_end(); /* the roots, when marking begins and before it ends */
    pthread_barrier_wait(&reached);                    /* its finaliser */
    expect_stop("is used while another thread collects it", heapalloc_collected_collect(made.collected));
    expect_stop("is used while another thread collects it", heapalloc_collected_step(made.collected, 100));
    expect_stop("is destroyed while another thread collects it", heapalloc_collected_destroy(made.collected));
    pthread_barrier_wait(&released);
    pthread_join(thread, NULL);
    heapalloc_collected_destroy(made.collected);
    test_nothing_is_lost();
}

static void end_itself(void *block, void *argument) {
    (void)block, (void)argument;
    expect_stop("is destroyed by a function that it calls", heapalloc_collected_destroy(made.collected));
    made.finals++;
}

TEST(a_finaliser_never_ends_its_arena) {
    made.finals = 0;
    made.precise = true;
    for (int at_the_end = 0; at_the_end < 2; at_the_end++) {
        made.collected = create(NULL);
        void *block = heapalloc_collected_alloc(made.collected, 64);
        CHECK(heapalloc_collected_finalizer(made.collected, block, end_itself, NULL));
        if (!at_the_end) heapalloc_collected_collect(made.collected);
        CHECK_EQ(made.finals, 1);
        heapalloc_collected_destroy(made.collected);
        CHECK_EQ(made.finals, at_the_end + 1);
    }
    test_nothing_is_lost();
}
