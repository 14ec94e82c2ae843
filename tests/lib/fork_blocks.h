/* Blocks of two threads, for the tests of fork: this one's, and those of a thread that waits meanwhile. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "contents.h"
#include "heap/registry.h"
#include "inspect/verify.h"
#include "test.h"
#include <pthread.h>

static inline void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

enum { BLOCKS = 300 };
static struct held mine[BLOCKS], theirs[BLOCKS];

static inline size_t size_of(int i) {
    return i % 9 == 0 ? (size_t)i * 2000 + 1 : (size_t)i * 7 % 900 + 1;
}

static inline void fill(struct held *blocks) {
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = (struct held){t_malloc(size_of(i)), size_of(i), (uint64_t)i};
        CHECK(blocks[i].at != NULL);
        contents_fill(&blocks[i]);
    }
}

static inline void check_and_free(struct held *blocks) {
    for (int i = 0; i < BLOCKS; i++) {
        if (!blocks[i].at) continue;
        CHECK(contents_hold(&blocks[i], blocks[i].size));
        t_free(blocks[i].at);
    }
}

static pthread_barrier_t barrier;

/* Another thread with blocks, some freed again so that its bins, caches and lists are not empty. */
static inline void *have_blocks(void *unused) {
    fill(theirs);
    for (int i = 0; i < BLOCKS; i += 3) t_free(theirs[i].at), theirs[i].at = NULL;
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}

static inline pthread_t begin_thread(void *(*body)(void *)) {
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK_EQ(pthread_create(&thread, NULL, body, NULL), 0);
    pthread_barrier_wait(&barrier);
    return thread;
}

static inline void end_thread(pthread_t thread) {
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
}

static int done;

/* The calls of a thread that may have no heap yet. */
static inline void *first_calls(void *unused) {
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

static inline uint32_t heaps_made(void) {
    uint32_t count = 0;
    for (const struct heap *heap = heaps.all; heap; heap = heap->next_all) count++;
    return count;
}
