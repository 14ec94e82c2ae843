/* A workload of lists and trees that it never frees: on a collected arena, on Boehm's collector, or on calloc, which
 * never frees. After Ellis, Kovac and Boehm's GCBench: trees of one depth are built from the top and from the bottom
 * and discarded, while a tree and an array stay live; then lists are built, reversed and discarded.
 *
 *   machine arena|steps|malloc [ROUNDS]      prints CPU seconds, the longest pause, collections, peak memory
 *
 * Built with -DMACHINE_BOEHM it has Boehm's collector as its only one. */
/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#ifdef MACHINE_BOEHM
#include <gc.h>
#else
#include <heapalloc/collected.h>
static struct heapalloc_collected *arena;
enum { STEP_EVERY = 256, STEP_BYTES = 64 * 1024, STEP_GROWTH = 4 << 20 };
#endif

enum { DEPTH = 16, SMALL_DEPTH = 6, ARRAY = 500000, LIST = 20000 };

struct node {
    struct node *left, *right;
    long i, j;
};

static double longest_s;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* of all threads of this process */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#ifdef MACHINE_BOEHM
static double began_s;
static void on_event(GC_EventType event) {
    if (event == GC_EVENT_START) began_s = now_s();
    if (event == GC_EVENT_END && now_s() - began_s > longest_s) longest_s = now_s() - began_s;
}
static void *take(size_t bytes) {
    return GC_MALLOC(bytes);
}
static void *take_plain(size_t bytes) {
    return GC_MALLOC_ATOMIC(bytes);
}
static void store(struct node **place, struct node *node) {
    *place = node;
}
#else
static bool by_steps, plain_malloc, going;
static unsigned allocated;
static size_t last_bytes, since_bytes;
static unsigned long steps;

static void pause_of(double began_s) {
    double passed_s = now_s() - began_s;
    if (passed_s > longest_s) longest_s = passed_s;
}

/* A collection begins when as much was allocated as was live after the last; its steps alternate with the program. */
static void step(void) {
    struct heapalloc_collected_stats stats;
    if (!going && since_bytes < (last_bytes > STEP_GROWTH ? last_bytes : STEP_GROWTH)) return;
    double began_s = now_s();
    going = !heapalloc_collected_step(arena, STEP_BYTES);
    steps++;
    pause_of(began_s);
    if (going) return;
    heapalloc_collected_stats(arena, &stats);
    last_bytes = stats.used_bytes;
    since_bytes = 0;
}

/* The arena could collect by itself; here the program calls it, so that it can read the clock. */
static void collect_if_due(void) {
    struct heapalloc_collected_stats stats;
    if (since_bytes < (last_bytes > STEP_GROWTH ? last_bytes : STEP_GROWTH)) return;
    double began_s = now_s();
    heapalloc_collected_collect(arena);
    pause_of(began_s);
    heapalloc_collected_stats(arena, &stats);
    last_bytes = stats.used_bytes;
    since_bytes = 0;
}

static void *take(size_t bytes) {
    if (plain_malloc) return calloc(1, bytes);
    since_bytes += bytes;
    if (!by_steps) collect_if_due();
    if (by_steps && ++allocated % STEP_EVERY == 0) step();
    return heapalloc_collected_alloc(arena, bytes);
}
static void *take_plain(size_t bytes) {
    return plain_malloc ? calloc(1, bytes) : heapalloc_collected_alloc_plain(arena, bytes);
}
static void store(struct node **place, struct node *node) {
    if (by_steps)
        heapalloc_collected_store(arena, place, node);
    else
        *place = node;
}
#endif

static struct node *node(struct node *left, struct node *right) {
    struct node *new = take(sizeof(*new));
    if (!new) abort();
    store(&new->left, left);
    store(&new->right, right);
    return new;
}

static void populate(int depth, struct node *at) {
    if (depth <= 0) return;
    store(&at->left, node(NULL, NULL));
    store(&at->right, node(NULL, NULL));
    populate(depth - 1, at->left);
    populate(depth - 1, at->right);
}

static struct node *from_below(int depth) {
    if (depth <= 0) return node(NULL, NULL);
    struct node *left = from_below(depth - 1);
    return node(left, from_below(depth - 1));
}

static long count(const struct node *at) {
    return at ? 1 + count(at->left) + count(at->right) : 0;
}

static void trees(int depth) {
    for (int i = 0; i < 1 << (DEPTH - depth); i++) {
        struct node *top = node(NULL, NULL);
        populate(depth, top);
        if (count(top) != (2L << depth) - 1 || count(from_below(depth)) != (2L << depth) - 1) abort();
    }
}

static void lists(void) {
    for (int i = 0; i < 40; i++) {
        struct node *list = NULL, *turned = NULL;
        long sum = 0;
        for (long k = 0; k < LIST; k++) {
            list = node(list, NULL);
            list->i = k;
        }
        for (struct node *at = list, *next; at; at = next) {
            next = at->left;
            store(&at->left, turned);
            turned = at;
        }
        for (struct node *at = turned; at; at = at->left) sum += at->i;
        if (sum != (long)LIST * (LIST - 1) / 2) abort();
    }
}

static bool begin(const char *kind) {
#ifdef MACHINE_BOEHM
    GC_INIT();
    GC_set_on_collection_event(on_event);
    return strcmp(kind, "boehm") == 0;
#else
    by_steps = strcmp(kind, "steps") == 0;
    plain_malloc = strcmp(kind, "malloc") == 0;
    arena = heapalloc_collected_create(&(struct heapalloc_collected_options){.name = "machine"});
    return arena && (by_steps || plain_malloc || strcmp(kind, "arena") == 0);
#endif
}

static unsigned long collections(void) {
#ifdef MACHINE_BOEHM
    return GC_get_gc_no();
#else
    struct heapalloc_collected_stats stats;
    heapalloc_collected_stats(arena, &stats);
    return stats.collection_count;
#endif
}

int main(int argc, char **argv) {
    long rounds = argc > 2 ? atol(argv[2]) : 3;
    if (argc < 2 || rounds < 1 || !begin(argv[1])) {
        fprintf(stderr, "usage: machine arena|steps|malloc|boehm [ROUNDS]\n");
        return 2;
    }
    double began_s = now_s();
    struct node *lives = node(NULL, NULL);
    populate(DEPTH, lives);
    double *array = take_plain(ARRAY * sizeof(*array));
    for (int i = 0; i < ARRAY; i++) array[i] = 1.0 / (i + 1);
    for (long round = 0; round < rounds; round++) {
        for (int depth = SMALL_DEPTH; depth <= DEPTH; depth += 2) trees(depth);
        lists();
    }
    if (count(lives) != (2L << DEPTH) - 1 || array[1000] != 1.0 / 1001) abort();
    double passed_s = now_s() - began_s;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%-6s %6.2f s  longest pause %7.2f ms  %4lu collections  peak %6.1f MiB\n", argv[1], passed_s,
           longest_s * 1e3, collections(), (double)usage.ru_maxrss / 1024);
    return 0;
}
