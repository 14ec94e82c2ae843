/* Shared by the programs of this folder: a block from the route that the command line names. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <heapalloc/arena_inline.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct heapalloc_arena *arena; /* NULL: malloc and free */

static inline void *take(size_t bytes) {
    void *p = arena ? heapalloc_arena_alloc_inline(arena, bytes) : malloc(bytes);
    if (!p) abort();
    return p;
}

static inline void give(void *p) {
    if (!arena) free(p);
}

static inline uint64_t draw(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 11;
}

/* CPU time, which other programs do not affect. */
static inline double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* Run `once` in turn with malloc and free, and in an arena that is reset after each run; print the medians of the
 * times, and how many times as fast the arena is. Both must compute the same sum. */
static int compare(const char *name, uint64_t (*once)(void), int rounds) {
    double ms[2][101];
    uint64_t sums[2] = {0, 0};
    struct heapalloc_arena *made = heapalloc_arena_create(NULL);
    if (!made || rounds < 1 || rounds > 100) return 2;
    for (int round = -1; round < rounds; round++) /* the first warms up */
        for (int route = 0; route < 2; route++) {
            arena = route ? made : NULL;
            double began = now_ms();
            sums[route] = once();
            if (arena) heapalloc_arena_reset(arena);
            double passed = now_ms() - began;
            int at = round < 0 ? 0 : round;
            for (; at > 0 && ms[route][at - 1] > passed; at--) ms[route][at] = ms[route][at - 1];
            ms[route][at] = passed;
        }
    heapalloc_arena_destroy(made);
    if (sums[0] != sums[1]) return 1;
    printf("%-9s malloc %8.2f ms   arena %8.2f ms   %4.2f times as fast   sum %llx\n", name, ms[0][rounds / 2],
           ms[1][rounds / 2], ms[0][rounds / 2] / ms[1][rounds / 2], (unsigned long long)sums[0]);
    return 0;
}
