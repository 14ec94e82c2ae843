/* Abandoned slabs: who takes them, when, and in which order. */
/* SPDX-License-Identifier: MIT */
#include "heap/abandoned.h"
#include "heap/fast.h"
#include "heap/registry.h"
#include "in_thread.h"
#include "span/units.h"
#include <pthread.h>

static void *blocks[6 * 32];
static pthread_barrier_t barrier;

static void *hold_some_of_a_slab(void *unused) {
    for (int i = 0; i < 20; i++) blocks[i] = t_malloc(512);
    return unused;
}

HEAP_TEST(partly_used_slab_is_adopted_by_the_next_who_needs_one) {
    run(hold_some_of_a_slab, NULL);
    if (!blocks[0] || !blocks[19]) return;
    struct unit *slab = span_unit(blocks[0]);
    CHECK_EQ(slab->remote, REMOTE_LISTED);
    CHECK(abandoned[slab->class].queue.first == slab);
    void *p = MUST(t_malloc(512));
    CHECK(span_unit(p) == slab);
    CHECK(slab->owner == heap_self);
    CHECK(!abandoned[slab->class].queue.first);
    for (int i = 0; i < 20; i++) t_free(blocks[i]);
    test_nothing_is_lost();
}

static void *leave_a_block(void *held) {
    if (heap_self->state == HEAP_NONE) heap_for_thread();
    heap_self->classes[class_of(512)].borrowed = BORROWED_MAX; /* from a slab of its own */
    *(void **)held = t_malloc(512);
    pthread_barrier_wait(&barrier);
    return NULL;
}

/* The first ones have time to become empty. */
HEAP_TEST(newest_abandoned_slab_is_adopted_first) {
    pthread_t threads[2];
    void *held[2];
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < 2; i++) CHECK_EQ(pthread_create(&threads[i], NULL, leave_a_block, &held[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    if (!held[0] || !held[1]) return;
    struct slab_queue *queue = &abandoned[class_of(512)].queue;
    struct unit *oldest = queue->first, *newest = queue->last;
    CHECK(oldest && oldest != newest);
    void *p = MUST(t_malloc(512));
    CHECK(span_unit(p) == newest);
    CHECK(queue->first == oldest && queue->last == oldest);
    for (int i = 0; i < 2; i++) t_free(held[i]);
    test_nothing_is_lost();
}

static void free_into_an_abandoned_slab(bool taken) {
    struct unit *slab = span_unit(blocks[0]);
    for (int i = 0; i < 19; i++) t_free(blocks[i]);
    CHECK(slab->owner == (taken ? heap_self : NULL));
    CHECK_EQ(abandoned[slab->class].queue.count, !taken);
    t_free(blocks[19]);
    CHECK(slab->kind != UNIT_SLAB || slab->flags & UNIT_EMPTY);
}

HEAP_TEST(freeing_into_an_abandoned_slab_takes_it) {
    void *p = MUST(t_malloc(512));
    run(hold_some_of_a_slab, NULL);
    if (!blocks[0] || !blocks[19]) return;
    free_into_an_abandoned_slab(true);
    FREE(p);
    test_nothing_is_lost();
}

/* Each time the lock is taken it would have to be taken again to abandon the slab. */
HEAP_TEST(who_only_frees_into_an_abandoned_slab_leaves_it_there_until_it_is_empty) {
    run(hold_some_of_a_slab, NULL);
    if (!blocks[0] || !blocks[19]) return;
    MUST(t_malloc(16));
    free_into_an_abandoned_slab(false);
    test_nothing_is_lost();
}

static void *take_a_block(void *held) {
    *(void **)held = t_malloc(512);
    return NULL;
}

/* The list is in use: a thread that needs a slab waits for its lock, and takes no new slab. */
TEST(refill_waits_for_the_abandoned_slabs_lock) {
    void *held = NULL;
    pthread_t thread;
    run(hold_some_of_a_slab, NULL);
    struct abandoned *these = &abandoned[class_of(512)];
    struct unit *slab = span_unit(blocks[0]);
    uint32_t before = units.used_units;
    these->lock.word = LOCK_HELD; /* by another thread, as far as all here are concerned */
    CHECK_EQ(pthread_create(&thread, NULL, take_a_block, &held), 0);
    while (load_acquire(these->lock.word) != LOCK_AWAITED) CHECK(!load_acquire(held));
    CHECK(!load_acquire(held));
    store_release(these->lock.word, LOCK_FREE);
    lock_give_slow(&these->lock);
    pthread_join(thread, NULL);
    CHECK(span_unit(held) == slab);
    CHECK_EQ(units.used_units, before);
    sound();
}

static void *leave_slabs_of_one_free_block(void *unused) {
    for (int i = 0; i < 6 * 32; i++) CHECK((blocks[i] = t_malloc(512)) != NULL);
    for (int i = 0; i < 6; i++) t_free(blocks[i * 32]);
    return unused;
}

/* Taking the lock once serves several mallocs, and no more slabs are taken than needed. */
TEST(refill_takes_several_sparse_abandoned_slabs) {
    run(leave_slabs_of_one_free_block, NULL);
    struct abandoned *these = &abandoned[class_of(512)];
    uint32_t before = units.used_units;
    CHECK_EQ(these->queue.count, 6);
    for (int i = 0; i < 6; i++) {
        CHECK(t_malloc(512) != NULL);
        CHECK_EQ(these->queue.count, i < 4 ? 2 : 0);
    }
    CHECK_EQ(units.used_units, before);
    sound();
}

enum { FULL_SLABS = 12 };
static void *filled[FULL_SLABS * 32];

static void *fill_slabs(void *unused) {
    if (heap_self->state == HEAP_NONE) heap_for_thread();
    heap_self->classes[class_of(512)].borrowed = BORROWED_MAX; /* from slabs of its own */
    for (int i = 0; i < FULL_SLABS * 32; i++) CHECK((filled[i] = t_malloc(512)) != NULL);
    return unused;
}

/* Free a block of each of eight full slabs while another heap wants slabs; this one needs none. */
static size_t claim_eight(void) {
    static struct heap other;
    struct size_class *of = &heap_self->classes[class_of(512)];
    size_t before = of->partial.count;
    CHECK(of->current != NULL);
    store_relaxed(abandoned[class_of(512)].wanting, &other);
    of->adopt_budget = 0;
    for (int i = 0; i < 8; i++) t_free(filled[i * 32]);
    store_relaxed(abandoned[class_of(512)].wanting, NULL);
    sound();
    return of->partial.count - before;
}

TEST(slabs_that_others_filled_are_given_up_where_they_are_wanted) {
    CHECK(t_malloc(16) != NULL); /* a heap */
    heap_self->classes[class_of(512)].borrowed = BORROWED_MAX;
    CHECK(t_malloc(512) != NULL);
    run(fill_slabs, NULL);
    CHECK(claim_eight() <= CLAIMED_SLABS_MAX);
    CHECK(abandoned[class_of(512)].queue.count >= 8 - CLAIMED_SLABS_MAX);
}

/* Those that this heap filled itself are in its processor's cache, and others filled theirs. */
TEST(slabs_that_a_heap_filled_itself_stay_with_it) {
    CHECK(t_malloc(16) != NULL);
    fill_slabs(NULL);
    CHECK_EQ(claim_eight(), 8);
    CHECK_EQ(abandoned[class_of(512)].queue.count, 0);
}
