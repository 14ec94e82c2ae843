/* Times every single malloc and free in a heap of many live blocks with the processor's counter.
 *
 *   timed objects|any LIVE_BLOCKS OPERATIONS
 *
 * Prints `pair,NS`: the median over batches of free + malloc without a clock between them, then a line
 * `malloc,NS,COUNT` or `free,NS,COUNT` for each bucket of the histograms, and `max,malloc,NS`, `max,free,NS`. The cost
 * of reading the counter is subtracted; interrupts and page faults are included, as programs have them too. */
/* SPDX-License-Identifier: MIT */
#include "histogram.h"
#include "mix.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BATCH = 1000, BATCHES_MAX = 1000 };

struct heap {
    void **slots;
    uint32_t live;
    size_t (*size_of)(uint64_t *);
    uint64_t random;
};

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

#if defined(__x86_64__)
/* The fences keep the timed code between the two readings. */
static inline uint64_t ticks(void) {
    uint32_t low, high;
    __asm__ volatile("lfence\n rdtsc\n lfence" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}
#else
static inline uint64_t ticks(void) {
    uint64_t t;
    __asm__ volatile("isb\n mrs %0, cntvct_el0\n isb" : "=r"(t)::"memory");
    return t;
}
#endif

/* Nanoseconds of a tick, over 20 ms. */
static double tick_ns(void) {
    double start_ns = now_ns(), end_ns = start_ns;
    uint64_t start = ticks(), end = start;
    while (end_ns - start_ns < 20e6) {
        end = ticks();
        end_ns = now_ns();
    }
    return (end_ns - start_ns) / (double)(end - start);
}

/* The least difference between two readings. */
static uint64_t reading_ticks(void) {
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 10000; i++) {
        uint64_t start = ticks(), passed = ticks() - start;
        least = passed < least ? passed : least;
    }
    return least;
}

static void fill(struct heap *heap) {
    heap->slots = own_memory(heap->live * sizeof *heap->slots);
    for (uint32_t i = 0; i < heap->live; i++) heap->slots[i] = allocate(heap->size_of(&heap->random));
    for (uint32_t i = 0; i < heap->live / 2; i++) {
        void **slot = &heap->slots[random_below(&heap->random, heap->live)];
        free(*slot);
        *slot = allocate(heap->size_of(&heap->random));
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double pair_ns(struct heap *heap, size_t operations) {
    static double batches[BATCHES_MAX];
    size_t count = operations / BATCH < BATCHES_MAX ? operations / BATCH : BATCHES_MAX;
    for (size_t i = 0; i < count; i++) {
        double start_ns = now_ns();
        for (size_t k = 0; k < BATCH; k++) {
            void **slot = &heap->slots[random_below(&heap->random, heap->live)];
            free(*slot);
            *slot = allocate(heap->size_of(&heap->random));
        }
        batches[i] = (now_ns() - start_ns) / BATCH;
    }
    qsort(batches, count, sizeof *batches, by_value);
    return batches[count / 2];
}

static void time_each(struct heap *heap, size_t operations, struct histogram *mallocs, struct histogram *frees) {
    uint64_t reading = reading_ticks();
    for (size_t i = 0; i < operations; i++) {
        void **slot = &heap->slots[random_below(&heap->random, heap->live)];
        size_t size_bytes = heap->size_of(&heap->random);
        uint64_t start = ticks();
        free(*slot);
        uint64_t middle = ticks();
        void *block = malloc(size_bytes);
        uint64_t end = ticks();
        *slot = block;
        *(volatile char *)block = 1;
        histogram_add(frees, middle - start > reading ? middle - start - reading : 0);
        histogram_add(mallocs, end - middle > reading ? end - middle - reading : 0);
    }
}

static void print(const char *name, const struct histogram *h, double ns) {
    for (size_t i = 0; i < BUCKETS; i++) {
        if (h->counts[i] > 0)
            printf("%s,%.1f,%llu\n", name, (double)bucket_start(i) * ns, (unsigned long long)h->counts[i]);
    }
    printf("max,%s,%.0f\n", name, (double)h->max * ns);
}

int main(int argc, char **argv) {
    static struct histogram mallocs, frees;
    if (argc != 4) {
        fprintf(stderr, "usage: timed objects|any LIVE_BLOCKS OPERATIONS\n");
        return 2;
    }
    struct heap heap = {
        .live = (uint32_t)atol(argv[2]), .random = 42, .size_of = strcmp(argv[1], "any") == 0 ? size_any : size_object};
    size_t operations = (size_t)atol(argv[3]);
    double ns = tick_ns();
    fill(&heap);
    printf("pair,%.2f\n", pair_ns(&heap, operations));
    time_each(&heap, operations, &mallocs, &frees);
    print("malloc", &mallocs, ns);
    print("free", &frees, ns);
    return 0;
}
