/* Small faults with heap blocks, one per run; memcheck must report each. `sound` and `sound_pools` have none. */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/collected.h>
#include <heapalloc/heapalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads and writes that no compiler can optimise away. */
static volatile char sink;
static char *hidden(void *p) {
    char *volatile copy = p;
    return copy;
}

static void write_past_end(void) {
    char *p = hidden(malloc(20));
    p[20] = 1;
    free(p);
}

static void write_before_start(void) {
    char *p = hidden(malloc(20));
    p[-1] = 1;
    free(p);
}

static void read_past_end_of_large(void) {
    char *p = hidden(malloc(300000));
    sink = p[300000];
    free(p);
}

static void read_after_free(void) {
    char *p = hidden(malloc(100));
    memset(p, 1, 100);
    free(p);
    sink = p[0];
}

static void read_after_realloc(void) {
    char *p = hidden(malloc(100)), *q = realloc(p, 101);
    sink = p[5];
    free(q);
}

static void write_after_free_of_medium(void) {
    char *p = hidden(malloc(20000));
    free(p);
    p[10000] = 1;
}

static void free_twice(void) {
    char *p = hidden(malloc(40));
    free(p);
    free(p);
}

static void free_inside(void) {
    char *p = hidden(malloc(64));
    free(p + 16);
}

static void use_of_what_was_never_written(void) {
    char *p = hidden(malloc(50));
    if (p[7] == 3) sink = 1;
    free(p);
}

static void lose_small(void) {
    memset(malloc(77), 1, 77);
}

/* Three of each size, because memcheck takes any word for a pointer: the heap's clock may look like one of them. */
static void lose_large(void) {
    for (int i = 0; i < 3; i++) {
        memset(hidden(malloc(123456)), 1, 10);
        memset(hidden(malloc(1000000)), 1, 10);
    }
}

/* Correct use of all functions of the malloc family. */
static void sound(void) {
    char *blocks[400];
    for (int i = 0; i < 400; i++) blocks[i] = memset(malloc((size_t)i * i), 1, (size_t)i * i);
    for (int i = 0; i < 400; i += 2) free(blocks[i]);
    for (int i = 1; i < 400; i += 2) blocks[i] = realloc(blocks[i], (size_t)i * 3);
    char *zeroed = calloc(1000, 33), *aligned = aligned_alloc(4096, 10000);
    for (int i = 0; i < 33000; i++) sink = zeroed[i] ? 1 : sink;
    for (size_t align = 16; align <= 1 << 20; align *= 2) {
        void *p = NULL;
        if (posix_memalign(&p, align, 100) != 0 || (size_t)p % align != 0) abort();
        memset(p, 2, 100);
        free(p);
    }
    memset(aligned, 1, 10000);
    free(zeroed);
    free(aligned);
    for (int i = 1; i < 400; i += 2) free(blocks[i]);
}

static void no_roots(struct heapalloc_collected *collected, void *argument) {
    (void)collected, (void)argument;
}

/* Pools and arenas, whose structs lie where blocks of the program were before. */
static void sound_pools(void) {
    sound();
    struct heapalloc_pool_options pool_options = {.name = "p", .object_bytes = 48, .flags = HEAPALLOC_POOL_SHARED};
    struct heapalloc_collected_options collected_options = {.flags = HEAPALLOC_COLLECTED_PRECISE,
                                                            .trace_roots = no_roots};
    struct heapalloc_pool *pool = heapalloc_pool_create_with(&pool_options), *plain = heapalloc_pool_create(24, 0);
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    struct heapalloc_collected *collected = heapalloc_collected_create(&collected_options);
    char *objects[600];
    for (int i = 0; i < 600; i++) {
        objects[i] = memset(heapalloc_pool_get(i % 2 ? pool : plain), 1, 24);
        memset(heapalloc_arena_alloc(arena, (size_t)i), 1, (size_t)i);
        memset(heapalloc_collected_alloc(collected, (size_t)i + 1), 1, (size_t)i + 1);
    }
    heapalloc_collected_collect(collected);
    for (int i = 0; i < 600; i++) heapalloc_pool_put(i % 2 ? pool : plain, objects[i]);
    heapalloc_collected_destroy(collected);
    heapalloc_arena_destroy(arena);
    heapalloc_pool_destroy(plain);
    heapalloc_pool_destroy(pool);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"write_past_end", write_past_end},
    {"write_before_start", write_before_start},
    {"read_past_end_of_large", read_past_end_of_large},
    {"read_after_free", read_after_free},
    {"read_after_realloc", read_after_realloc},
    {"write_after_free_of_medium", write_after_free_of_medium},
    {"free_twice", free_twice},
    {"free_inside", free_inside},
    {"use_of_what_was_never_written", use_of_what_was_never_written},
    {"lose_small", lose_small},
    {"lose_large", lose_large},
    {"sound", sound},
    {"sound_pools", sound_pools},
};

/* Overwrites what a case has left on the stack, where memcheck would still find the pointer. */
static __attribute__((noinline)) void wipe_stack(void) {
    volatile char space[4096];
    for (size_t i = 0; i < sizeof(space); i++) space[i] = 0;
}

int main(int count, char **arguments) {
    for (size_t i = 0; count > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(arguments[1], cases[i].name) != 0) continue;
        cases[i].run();
        wipe_stack();
        return 0;
    }
    return 2;
}
