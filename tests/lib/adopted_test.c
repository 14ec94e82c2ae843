/* Adopted blocks: blocks of remote slabs that a heap takes into its bin when it frees them. */
/* SPDX-License-Identifier: MIT */
#include "breaks.h"
#include "child.h"
#include "contents.h"
#include "heap/abandoned.h"
#include "heap/fast.h"
#include "heap/flush.h"
#include "heap/trim.h"
#include "inspect/bin.h"
#include "test.h"
#include <pthread.h>

enum { SIZE = 500, IN_SLAB = 32, ROOM = 4 * IN_SLAB, SLABS = ROOM + 10, BLOCKS = SLABS * IN_SLAB };
static unsigned char *blocks[BLOCKS];
static uint32_t class;

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static uint32_t adopted_count(void) {
    const struct block *list[ADOPTED_MAX];
    return inspect_adopted(list, heap_self, class);
}

/* This thread's first blocks of the class come from a slab of its own, not from a larger class. */
static void borrow_nothing(void) {
    class = (uint32_t)class_of(SIZE);
    t_free(t_malloc(1)); /* a heap */
    heap_self->classes[class].borrowed = BORROWED_MAX;
}

/* Full slabs, an empty bin, and a slab that has a single free block when its turn comes. */
static void enable_adoption(void) {
    borrow_nothing();
    CHECK_EQ(class_shapes[class].capacity_blocks, IN_SLAB);
    for (int i = 0; i < BLOCKS; i++) CHECK((blocks[i] = t_malloc(SIZE)) != NULL);
    CHECK(heap_self->bin[class] == BLOCK_END);
    heap_self->classes[class].adopt_budget = 0; /* with several threads, new slabs have allowed some */
    t_free(blocks[0]);
    CHECK_EQ(adopted_count(), 0);
    CHECK((blocks[0] = t_malloc(SIZE)) != NULL);
    CHECK_EQ(heap_self->classes[class].adopt_budget, ROOM);
}

/* Free a block of slab `n`, the first one not freed yet. */
static unsigned char *free_of(int n, int index) {
    unsigned char *p = blocks[n * IN_SLAB + index];
    t_free(p);
    blocks[n * IN_SLAB + index] = NULL;
    return p;
}

TEST(block_of_a_full_slab_is_adopted_where_slabs_collect_nothing) {
    enable_adoption();
    unsigned char *last = NULL;
    for (int n = 1; n <= ROOM; n++) {
        last = free_of(n, 7);
        CHECK_EQ(adopted_count(), n);
        CHECK(!span_unit(last)->owner);
        CHECK_EQ(span_unit(last)->used_blocks, IN_SLAB);
        sound();
    }
    unsigned char *claimed = free_of(ROOM + 1, 7);
    CHECK_EQ(adopted_count(), ROOM);
    CHECK(span_unit(claimed)->owner == heap_self);
    sound();
    for (int n = ROOM; n > 0; n--) {
        CHECK_EQ(adopted_count(), n);
        CHECK((blocks[n * IN_SLAB + 7] = t_malloc(SIZE)) == last || n < ROOM);
    }
    CHECK_EQ(adopted_count(), 0);
    CHECK(t_malloc(SIZE) == claimed);
    sound();
}

TEST(adopted_block_stays_adopted_when_its_slab_is_claimed) {
    enable_adoption();
    unsigned char *adopted = free_of(1, 0);
    heap_self->classes[class].adopt_budget = 0;
    free_of(1, 1);
    CHECK(span_unit(adopted)->owner == heap_self);
    CHECK_EQ(span_unit(adopted)->used_blocks, IN_SLAB - 1);
    sound();
    for (int i = 2; i < IN_SLAB; i++) free_of(1, i);
    CHECK_EQ(span_unit(adopted)->used_blocks, 1); /* its slab still counts it as used */
    sound();
    CHECK(t_malloc(SIZE) == adopted);
    sound();
    t_free(adopted);
    sound();
}

TEST(adopted_blocks_return_when_memory_is_given_back) {
    enable_adoption();
    uint32_t in_use = 0;
    for (int n = 1; n <= 20; n++) free_of(n, 3);
    heap_trim(heap_self);
    CHECK_EQ(adopted_count(), 0);
    for (int n = 1; n <= 20; n++) in_use += span_unit(blocks[n * IN_SLAB])->used_blocks;
    CHECK_EQ(in_use, 20 * (IN_SLAB - 1));
    sound();
    for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]);
    heap_trim(heap_self);
    sound();
    CHECK(heap_self->bin[class] == BLOCK_END && !heap_self->classes[class].current);
}

static void *end_with_adopted(void *unused) {
    enable_adoption();
    for (int n = 1; n <= 20; n++) free_of(n, 3);
    CHECK_EQ(adopted_count(), 20);
    return unused;
}

static void run(void *(*body)(void *)) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, body, NULL), 0);
    pthread_join(thread, NULL);
}

TEST(adopted_blocks_return_when_their_heap_ends) {
    t_free(t_malloc(1));
    run(end_with_adopted);
    sound();
    for (int n = 1; n <= 20; n++) CHECK_EQ(span_unit(blocks[n * IN_SLAB])->used_blocks, IN_SLAB - 1);
    for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]);
    heap_trim(heap_self);
    sound();
}

/* The bin's own blocks come from zero memory and are not cleared; an adopted block among them is. */
TEST(zeroed_adopted_block_is_zero) {
    enable_adoption();
    CHECK(t_malloc(SIZE) != NULL);
    CHECK(heap_self->classes[class].attached->used_blocks == RETURNS_FRESH && heap_self->bin[class] != BLOCK_END);
    memset(blocks[IN_SLAB], 0xff, SIZE);
    unsigned char *adopted = free_of(1, 0);
    CHECK_EQ(adopted_count(), 1);
    CHECK(t_calloc(1, SIZE) == adopted);
    CHECK(contents_are_zero(adopted, SIZE));
    sound();
}

TEST(second_free_of_an_adopted_block_is_reported) {
    if (!config_safety) return;
    enable_adoption();
    unsigned char *adopted = free_of(1, 0);
    expect_stop("is already free", t_free(adopted));
    memset(adopted, 0, 16); /* overwritten, it is found when it is about to be handed out */
    expect_stop("was written to after it was freed", t_malloc(SIZE));
    expect_stop("was written to after it was freed", heap_flush_bins(heap_self));
    test_leaves_a_broken_heap();
}

TEST(damaged_adopted_blocks_are_found) {
    enable_adoption();
    struct block *adopted = (struct block *)free_of(1, 0);
    struct unit *slab = span_unit(adopted);
    BREAKS(bins, heap_self->bin[class], (struct block *)blocks[IN_SLAB + 1]);
    if (config_safety) BREAKS(bins, adopted->key, adopted->key + 8);
    BREAKS(slab_counts, slab->used_blocks, 0);
    BREAKS(slab_counts, slab->free, adopted);
}

static void *adopt_others(void *unused) {
    borrow_nothing();
    CHECK(t_malloc(SIZE) != NULL);
    CHECK(t_malloc(1) != NULL);
    heap_self->classes[class].adopt_budget = 5;
    for (int i = 0; i < 10; i++) t_free(blocks[i]);
    CHECK_EQ(adopted_count(), 5);
    sound();
    return unused;
}

TEST(blocks_of_other_heaps_slabs_are_adopted_too) {
    for (int i = 0; i < 20; i++) CHECK((blocks[i] = t_malloc(SIZE)) != NULL);
    struct unit *slab = span_unit(blocks[0]);
    CHECK(slab->owner == heap_self);
    run(adopt_others);
    CHECK(slab->owner == heap_self);
    CHECK_EQ(remote_count(slab->remote), 10); /* five at once, five when the adopting heap ended */
    sound();
}

static void *take_slabs(void *unused) {
    borrow_nothing();
    for (int slabs = 0; slabs < 3; slabs++) {
        if (slabs == 2) t_free(blocks[0]);
        CHECK_EQ(heap_self->classes[class].adopt_budget, 0);
        for (int i = 0; i < IN_SLAB; i++) CHECK(t_malloc(SIZE) != NULL);
        CHECK(abandoned[class].wanting == heap_self);
    }
    CHECK_EQ(heap_self->classes[class].adopt_budget, ROOM);
    return unused;
}

/* ... once it has freed into a slab that another heap owns. */
TEST(heap_that_wants_slabs_in_vain_adopts) {
    class = (uint32_t)class_of(SIZE);
    CHECK((blocks[0] = t_malloc(SIZE)) != NULL);
    run(take_slabs);
}

/* Slabs with one free block each, the first ones full again: as many refills as blocks. */
static void take_one_by_one(int blocks_wanted) {
    for (int i = 0; i < blocks_wanted; i++) CHECK(t_malloc(SIZE) != NULL);
}

static void *free_remote(void *unused) {
    for (int n = 0; n < 30; n++) free_of(n, 1);
    return unused;
}

/* Another heap wants slabs. This one leaves some of its own once others have freed into them, and only then. */
TEST(slabs_are_shared_where_others_free_into_them) {
    static struct heap other;
    class = (uint32_t)class_of(SIZE);
    for (int i = 0; i < 40 * IN_SLAB; i++) CHECK((blocks[i] = t_malloc(SIZE)) != NULL);
    for (int n = 0; n < 39; n++) free_of(n, 0);
    struct slab_queue *queue = &heap_self->classes[class].partial;
    size_t waiting = queue->count;
    CHECK(waiting >= 30);
    abandoned[class].wanting = &other;
    take_one_by_one(3);
    CHECK(queue->count + 3 >= waiting && !abandoned[class].queue.first);
    run(free_remote);
    take_one_by_one((int)waiting + 2); /* a block of each, then what the thread freed into the first of them */
    CHECK(heap_self->classes[class].exchanges || abandoned[class].queue.first);
    take_one_by_one(4);
    CHECK(abandoned[class].queue.first != NULL);
    sound();
    abandoned[class].wanting = NULL;
}

static pthread_barrier_t barrier;

/* Blocks of a full slab, and of one that this thread owns as long as it lives. */
static void *own(void *unused) {
    borrow_nothing();
    for (int i = 0; i < 2 * IN_SLAB - 1; i++) CHECK((blocks[i] = t_malloc(SIZE)) != NULL);
    CHECK(span_unit(blocks[2 * IN_SLAB - 2])->owner == heap_self);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}

/* A partial slab has two free blocks; `count` of the other thread's blocks are freed until its turn comes. */
static void refill_after_frees_abroad(int first, int count) {
    unsigned char *full[2] = {NULL, t_malloc(SIZE)}, *last;
    do {
        full[0] = full[1];
        CHECK((full[1] = t_malloc(SIZE)) != NULL);
    } while ((char *)full[0] != span_unit(full[1])->memory);
    do CHECK((last = t_malloc(SIZE)) != NULL);
    while (span_unit(last) == span_unit(full[0]));
    heap_self->classes[class].adopt_budget = 0; /* new slabs have allowed some */
    t_free(full[0]);
    t_free(full[1]);
    CHECK(heap_self->classes[class].partial.last == span_unit(full[0]));
    for (int i = 0; i < count; i++) t_free(blocks[first + i]);
    heap_self->classes[class].adopt_budget = 0;
    while (heap_self->classes[class].current != span_unit(full[0])) CHECK(t_malloc(SIZE) != NULL);
    CHECK_EQ(heap_self->classes[class].remote_frees, 0);
    sound();
}

TEST(heap_that_frees_much_into_others_slabs_adopts) {
    borrow_nothing();
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK_EQ(pthread_create(&thread, NULL, own, NULL), 0);
    pthread_barrier_wait(&barrier);
    refill_after_frees_abroad(IN_SLAB, REMOTE_FREES_MANY - 1);
    CHECK_EQ(heap_self->classes[class].adopt_budget, 0);
    refill_after_frees_abroad(IN_SLAB + REMOTE_FREES_MANY - 1, REMOTE_FREES_MANY);
    CHECK_EQ(heap_self->classes[class].adopt_budget, ROOM);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
}

static unsigned char *adopted;

/* Own the slab that the main thread has an adopted block of. */
static void *claim(void *block) {
    t_free(block);
    CHECK(span_unit(block)->owner == heap_self);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

/* The missing thread's slab is counted at the first free into it; the adopted block must not count as free then. */
static void go_on(void) {
    CHECK_EQ(heap_self->classes[class].adopt_budget, 0);
    for (int i = 2; i < IN_SLAB; i++) free_of(1, i);
    sound();
    uint32_t met = 0;
    for (int i = 0; i < 3 * IN_SLAB; i++) met += t_malloc(SIZE) == adopted;
    CHECK(met <= 1);
    CHECK(met == 1 || config_safety == 0);
    sound();
}

TEST(child_of_a_fork_has_no_adopted_block_twice) {
    enable_adoption();
    adopted = free_of(1, 0);
    CHECK_EQ(adopted_count(), 1);
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK_EQ(pthread_create(&thread, NULL, claim, blocks[IN_SLAB + 1]), 0);
    pthread_barrier_wait(&barrier);
    fork_and(go_on);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    sound();
}
