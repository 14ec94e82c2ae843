/* Collected arenas in a process: the main thread's stack, another thread's, and globals that are roots. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <heapalloc/collected.h>
#include <pthread.h>

struct cell {
    struct cell *next;
    size_t value;
};

static __attribute__((noinline)) struct cell *list_of(struct heapalloc_collected *collected, size_t length) {
    struct cell *list = NULL;
    for (size_t i = 0; i < length; i++) {
        struct cell *cell = heapalloc_collected_alloc(collected, sizeof(*cell) + i % 500);
        expect(cell != NULL);
        *cell = (struct cell){list, i};
        list = cell;
    }
    return list;
}

static size_t length_of(const struct cell *list, size_t length) {
    size_t count = 0;
    for (; list; list = list->next) expect(list->value == length - 1 - count++);
    return count;
}

static size_t used(struct heapalloc_collected *collected) {
    struct heapalloc_collected_stats stats;
    heapalloc_collected_stats(collected, &stats);
    return stats.used_blocks;
}

/* Only this frame's variable points to the list while others are made and collected. */
static void *hold(void *by_itself) {
    struct heapalloc_collected_options options = {.growth_percent = by_itself ? 50 : 0};
    struct heapalloc_collected *collected = heapalloc_collected_create(&options);
    expect(collected != NULL);
    struct cell *list = list_of(collected, 3000);
    for (int i = 0; i < 50; i++) {
        list_of(collected, 2000);
        if (!by_itself) heapalloc_collected_collect(collected);
    }
    expect(length_of(list, 3000) == 3000);
    expect(used(collected) < 40000);
    list = hide(NULL);
    heapalloc_collected_destroy(collected);
    return NULL;
}

CASE(the_main_threads_stack_holds_blocks) {
    hold(NULL);
    hold(expect_argv);
    expect(!heapalloc_verify());
}

CASE(each_threads_stack_holds_its_arenas_blocks) {
    pthread_t threads[6];
    for (int i = 0; i < 6; i++) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        if (i % 2) pthread_attr_setstacksize(&attributes, 256 * 1024);
        expect(pthread_create(&threads[i], &attributes, hold, i % 3 ? threads : NULL) == 0);
    }
    for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
    expect(!heapalloc_verify());
}

static struct cell *global;
static __attribute__((noinline)) void make_global(struct heapalloc_collected *collected) {
    global = list_of(collected, 1000);
}
CASE(a_global_is_a_root_when_it_is_registered) {
    struct heapalloc_collected *collected = heapalloc_collected_create(NULL);
    expect(collected && heapalloc_collected_root(collected, &global, sizeof(global)));
    make_global(collected);
    for (int i = 0; i < 5; i++) list_of(collected, 100), heapalloc_collected_collect(collected);
    expect(length_of(global, 1000) == 1000);
    global = NULL;
    list_of(collected, 10);
    size_t freed = heapalloc_collected_collect(collected);
    expect_at(freed, used(collected), 0);
    expect(freed > 100000 && used(collected) < 1000);
    heapalloc_collected_destroy(collected);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
