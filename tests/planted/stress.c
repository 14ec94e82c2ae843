/* Threads that allocate few sizes and free each other's blocks at once, so that many meet at one slab. New threads
 * replace old ones. Between rounds the heap is verified, and at the end no block is in use.
 *
 *   stress [ROUNDS [STEPS [SEED]]] */
/* SPDX-License-Identifier: MIT */
#include "fake/fake.h"
#include "fake/family.h"
#include "heap/fast.h"
#include "heap/trim.h"
#include "in_use.h"
#include "inspect/verify.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, SLOTS = 48, SIZES = 3 };

static const size_t sizes[SIZES] = {40, 1000, 30000};
static unsigned char *slots[SLOTS];
static uint64_t rounds = 6, steps = 3000, seed = 1;

static void wrong(const char *what) {
    fprintf(stderr, "stress: seed %llu: %s\n", (unsigned long long)seed, what);
    abort();
}

/* A block says its size in its first byte, and has a byte of its own in the others. */
static unsigned char *taken(unsigned size, unsigned char mark) {
    unsigned char *block = t_malloc(sizes[size]);
    if (!block) wrong("no memory");
    memset(block, mark, sizes[size]);
    block[0] = (unsigned char)size;
    return block;
}

static void give(unsigned char *block) {
    if (!block) return;
    if (block[0] >= SIZES) wrong("a block was written to");
    size_t size = sizes[block[0]];
    for (size_t i = 2; i < size; i += i < 64 ? 1 : 97)
        if (block[i] != block[1]) wrong("two threads have one block");
    t_free(block);
}

static void *work(void *number) {
    uint64_t state = seed * 7919 + (uintptr_t)number * 104729 + 1;
    for (uint64_t i = 0; i < steps; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        unsigned draw = (unsigned)(state >> 33);
        unsigned size = draw % 16 == 0 ? 2 : draw % 4 == 0;
        give(__atomic_exchange_n(&slots[draw / 16 % SLOTS], taken(size, (unsigned char)draw), __ATOMIC_ACQ_REL));
    }
    return NULL;
}

static void expect_whole(void) {
    const char *broken = verify_heap();
    if (broken) wrong(broken);
}

int main(int count, char **arguments) {
    if (count > 1) rounds = strtoull(arguments[1], NULL, 0);
    if (count > 2) steps = strtoull(arguments[2], NULL, 0);
    if (count > 3) seed = strtoull(arguments[3], NULL, 0);
    for (uint64_t round = 0; round < rounds; round++) {
        pthread_t threads[THREADS];
        for (uintptr_t i = 0; i < THREADS; i++)
            if (pthread_create(&threads[i], NULL, work, (void *)(round * THREADS + i)) != 0) wrong("no thread");
        for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        expect_whole();
    }
    for (unsigned i = 0; i < SLOTS; i++) give(slots[i]);
    heap_trim(heap_self->state == HEAP_LIVE ? heap_self : NULL);
    expect_whole();
    if (blocks_in_use() > 0) wrong("blocks are in use, and nobody has them");
    return 0;
}
