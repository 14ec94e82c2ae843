/* Several threads with random operations, blocks that are handed between them, threads that start and end.
 *
 * Each thread has a model of its own and hands blocks to the others through a mailbox. Between rounds all threads wait,
 * and the whole heap is verified. In every round new threads replace some of the old ones. */
/* SPDX-License-Identifier: MIT */
#include "fake/fake.h"
#include "fake/family.h"
#include "heap/fast.h"
#include "heap/trim.h"
#include "in_use.h"
#include "inspect/verify.h"
#include "model.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAYING = 2, COMING = 2, THREADS = STAYING + COMING, MAIL_MAX = 256 };

/* Blocks on their way from one thread to another. */
static struct {
    pthread_mutex_t mutex;
    struct held blocks[MAIL_MAX];
    size_t count;
} mail = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static pthread_barrier_t barrier;
static uint64_t seed = 4711, rounds, steps;

static const struct mix mix = {400, 12 << 20, 2 << 20};

static bool post(struct held block) {
    pthread_mutex_lock(&mail.mutex);
    bool room = mail.count < MAIL_MAX;
    if (room) mail.blocks[mail.count++] = block;
    pthread_mutex_unlock(&mail.mutex);
    return room;
}

static bool fetch(struct held *block) {
    pthread_mutex_lock(&mail.mutex);
    bool any = mail.count > 0;
    if (any) *block = mail.blocks[--mail.count];
    pthread_mutex_unlock(&mail.mutex);
    return any;
}

static void free_it(const struct model *model, struct held block) {
    if (!contents_hold(&block, block.size)) model_wrong(model, "was handed over damaged", block.at, block.size);
    t_free(block.at);
}

/* Take a block over, or free it directly, in a thread that has never owned it. */
static void exchange(struct model *model) {
    struct held block;
    if (model_below(model, 2) && model_hand_out(model, &block)) {
        if (!post(block)) free_it(model, block);
    } else if (fetch(&block)) {
        if (model_below(model, 2) || !model_take_over(model, block)) free_it(model, block);
    }
}

static void play(struct model *model) {
    for (uint64_t i = 0; i < steps; i++) {
        model_step(model);
        if (model_below(model, 4) == 0) exchange(model);
    }
}

/* A thread that ends hands some of its blocks to the others; the rest stays in the mailbox. */
static void leave(struct model *model) {
    struct held block;
    while (model->count > 50 && model_hand_out(model, &block)) {
        if (!post(block)) free_it(model, block);
    }
    model_close(model);
}

static void *come_and_go(void *number) {
    struct model model;
    model_open(&model, seed + (uint64_t)(uintptr_t)number * 1000, mix);
    play(&model);
    leave(&model);
    return NULL;
}

static void *stay(void *number) {
    struct model model;
    model_open(&model, seed + (uint64_t)(uintptr_t)number, mix);
    for (uint64_t round = 0; round < rounds; round++) {
        play(&model);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier); /* the heap is verified in between */
    }
    leave(&model);
    return NULL;
}

static void verify(uint64_t round) {
    const char *broken = verify_heap();
    if (!broken) return;
    fprintf(stderr, "threads: round %llu, seed %llu: %s is broken\n", (unsigned long long)round,
            (unsigned long long)seed, broken);
    abort();
}

static pthread_t start(void *(*body)(void *), uint64_t number) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, (void *)(uintptr_t)number) != 0) abort();
    return thread;
}

static void play_rounds(void) {
    pthread_t staying[STAYING], coming[COMING];
    pthread_barrier_init(&barrier, NULL, STAYING + 1);
    for (uint64_t i = 0; i < STAYING; i++) staying[i] = start(stay, i);
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint64_t i = 0; i < COMING; i++) coming[i] = start(come_and_go, (round + 1) * COMING + i);
        for (int i = 0; i < COMING; i++) pthread_join(coming[i], NULL);
        pthread_barrier_wait(&barrier);
        verify(round);
        pthread_barrier_wait(&barrier);
    }
    for (int i = 0; i < STAYING; i++) pthread_join(staying[i], NULL);
}

static void expect_empty(void) {
    size_t used = blocks_in_use();
    if (used == 0) return;
    fprintf(stderr, "threads: seed %llu: %zu blocks are in use, and nobody has them\n", (unsigned long long)seed, used);
    abort();
}

/* model_threads_test [ROUNDS [STEPS [SEED [HOME]]]] */
int main(int count, char **arguments) {
    rounds = count > 1 ? strtoull(arguments[1], NULL, 0) : 60;
    steps = count > 2 ? strtoull(arguments[2], NULL, 0) : 2000;
    if (count > 3) seed = strtoull(arguments[3], NULL, 0);
    fake.has_home = count <= 4 || arguments[4][0] != '0';
    printf("seed %llu, %llu rounds of %llu steps, %s\n", (unsigned long long)seed, (unsigned long long)rounds,
           (unsigned long long)steps, fake.has_home ? "at home" : "in further spans");
    fflush(stdout);
    play_rounds();
    struct held block;
    while (fetch(&block)) t_free(block.at);
    verify(rounds);
    heap_trim(heap_self->state == HEAP_LIVE ? heap_self : NULL);
    verify(rounds);
    expect_empty();
    return 0;
}
