/* Marks every single malloc and free in a heap of many live blocks, for their exact instruction counts by callgrind.
 *
 *   exact objects|any LIVE_BLOCKS OPERATIONS
 *
 * Before that, PAIRS of them in one mark, and the same draws without them in another, give the mean cost of a pair.
 * Writing a dump takes milliseconds, so periodic work of an allocator would be counted a hundred times too often in a
 * mean of the single ones. */
/* SPDX-License-Identifier: MIT */
#include "mix.h"
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

/* A program runs fifty times slower here than natively, and so this clock does too: otherwise work that an allocator
 * does every so many milliseconds would count fifty times. */
enum { SLOWER = 50 };

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (syscall(SYS_clock_gettime, clock, now) != 0) return -1;
    int64_t at_ns = ((int64_t)now->tv_sec * 1000000000 + now->tv_nsec) / SLOWER;
    now->tv_sec = at_ns / 1000000000;
    now->tv_nsec = at_ns % 1000000000;
    return 0;
}

/* The labels of the dumps; the cost of the marks themselves is counted once, around nothing. */
static void *counted_malloc(size_t size_bytes) {
    CALLGRIND_ZERO_STATS;
    void *block = malloc(size_bytes);
    CALLGRIND_DUMP_STATS_AT("malloc");
    return block;
}

static void counted_free(void *block) {
    CALLGRIND_ZERO_STATS;
    free(block);
    CALLGRIND_DUMP_STATS_AT("free");
}

static void counted_nothing(void) {
    CALLGRIND_ZERO_STATS;
    __asm__ volatile("");
    CALLGRIND_DUMP_STATS_AT("nothing");
}

enum { PAIRS = 200000 };

struct heap {
    void **slots;
    uint32_t live;
    size_t (*size_of)(uint64_t *);
    uint64_t random;
};

static void __attribute__((noinline)) replace(struct heap *heap, uint32_t pairs) {
    for (uint32_t i = 0; i < pairs; i++) {
        void **slot = &heap->slots[random_below(&heap->random, heap->live)];
        size_t size_bytes = heap->size_of(&heap->random);
        free(*slot);
        *slot = malloc(size_bytes);
    }
}

/* The same without the allocator's work, with as many calls. */
static void __attribute__((noinline)) nobody_frees(void *block) {
    __asm__ volatile("" ::"r"(block));
}
static void *__attribute__((noinline)) nobody_allocates(size_t size_bytes, void *block) {
    __asm__ volatile("" ::"r"(size_bytes));
    return block;
}

static void __attribute__((noinline)) replace_nothing(struct heap *heap, uint32_t pairs) {
    for (uint32_t i = 0; i < pairs; i++) {
        void **slot = &heap->slots[random_below(&heap->random, heap->live)];
        size_t size_bytes = heap->size_of(&heap->random);
        nobody_frees(*slot);
        *slot = nobody_allocates(size_bytes, *slot);
    }
}

static void count_pairs(struct heap *heap) {
    CALLGRIND_ZERO_STATS;
    replace(heap, PAIRS);
    CALLGRIND_DUMP_STATS_AT("pairs");
    CALLGRIND_ZERO_STATS;
    replace_nothing(heap, PAIRS);
    CALLGRIND_DUMP_STATS_AT("draws");
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: exact objects|any LIVE_BLOCKS OPERATIONS\n");
        return 2;
    }
    struct heap heap = {.size_of = strcmp(argv[1], "any") == 0 ? size_any : size_object, .random = 42};
    uint32_t operations = (uint32_t)atol(argv[3]);
    heap.live = (uint32_t)atol(argv[2]);
    heap.slots = own_memory(heap.live * sizeof *heap.slots);
    for (uint32_t i = 0; i < heap.live; i++) heap.slots[i] = malloc(heap.size_of(&heap.random));
    /* A heap that was only filled has no holes: replace half before counting. */
    replace(&heap, heap.live / 2);
    CALLGRIND_START_INSTRUMENTATION;
    count_pairs(&heap);
    counted_nothing();
    for (uint32_t i = 0; i < operations; i++) {
        void **slot = &heap.slots[random_below(&heap.random, heap.live)];
        size_t size_bytes = heap.size_of(&heap.random);
        counted_free(*slot);
        *slot = counted_malloc(size_bytes);
    }
    CALLGRIND_STOP_INSTRUMENTATION;
    return 0;
}
