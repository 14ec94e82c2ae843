/* A program with named pools and arenas of each kind, which prints the library's own statistics and then waits. */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/collected.h>
#include <heapalloc/heapalloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OBJECTS = 700, MANY = 40 };

static char text[100000], own_memory[20000];

static bool construct(void *object, void *argument) {
    (void)argument;
    memset(object, 7, 40);
    return true;
}

/* Hand out three of four objects' worth: each fourth is put back. False: there is no memory. */
static bool fill_pool(const struct heapalloc_pool_options *options) {
    static void *objects[OBJECTS];
    struct heapalloc_pool *pool = heapalloc_pool_create_with(options);
    for (int i = 0; pool && i < OBJECTS; i++) {
        objects[i] = heapalloc_pool_get(pool);
        if (!objects[i]) return false;
        memset(objects[i], i, options->construct ? 40 : options->object_bytes);
    }
    for (int i = 0; pool && i < OBJECTS; i += 4) heapalloc_pool_put(pool, objects[i]);
    return pool != NULL;
}

static bool make_pools(void) {
    return fill_pool(&(struct heapalloc_pool_options){.name = "plain \"nodes\"\n", .object_bytes = 100}) &&
           fill_pool(&(struct heapalloc_pool_options){.name = "tiny", .object_bytes = 8}) &&
           fill_pool(&(struct heapalloc_pool_options){
               .name = "shared", .object_bytes = 1000, .flags = HEAPALLOC_POOL_SHARED}) &&
           fill_pool(&(struct heapalloc_pool_options){.name = "made", .object_bytes = 40, .construct = construct}) &&
           fill_pool(&(struct heapalloc_pool_options){
               .name = "made", .object_bytes = 48, .construct = construct, .flags = HEAPALLOC_POOL_SHARED}) &&
           fill_pool(&(struct heapalloc_pool_options){.object_bytes = 64});
}

static bool fill_arena(const struct heapalloc_arena_options *options, size_t bytes) {
    struct heapalloc_arena *arena = heapalloc_arena_create(options);
    if (!arena || !heapalloc_arena_alloc(arena, 300) || !heapalloc_arena_alloc(arena, bytes)) return false;
    struct heapalloc_arena_position mark = heapalloc_arena_mark(arena);
    if (!heapalloc_arena_alloc(arena, bytes)) return false;
    heapalloc_arena_rewind(arena, mark);
    return true;
}

static bool make_arenas(void) {
    static char letters[200];
    memset(letters, 'x', sizeof(letters) - 1);
    return fill_arena(&(struct heapalloc_arena_options){.name = "request"}, 100000) &&
           fill_arena(&(struct heapalloc_arena_options){.name = "request"}, 3000) &&
           fill_arena(&(struct heapalloc_arena_options){.name = "locked", .flags = HEAPALLOC_ARENA_LOCKED}, 5000) &&
           fill_arena(&(struct heapalloc_arena_options){.name = "aligned", .align_bytes = 256}, 5000) &&
           fill_arena(&(struct heapalloc_arena_options){.name = letters,
                                                        .memory = own_memory,
                                                        .memory_bytes = sizeof(own_memory)},
                      2000) &&
           fill_arena(&(struct heapalloc_arena_options){.flags = HEAPALLOC_ARENA_LOCKED}, 100);
}

static bool make_collected(void) {
    struct heapalloc_collected *collected =
        heapalloc_collected_create(&(struct heapalloc_collected_options){.name = "nodes"});
    for (int i = 0; collected && i < 100; i++)
        if (!heapalloc_collected_alloc(collected, 500)) return false;
    return collected != NULL;
}

/* More names than reports have rows. */
static bool make_many(void) {
    static char names[MANY][20];
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "arena %d", i);
        if (!fill_arena(&(struct heapalloc_arena_options){.name = names[i]}, 1000)) return false;
    }
    return true;
}

/* Until the alarm: pools and arenas come and go while they are read. */
static void come_and_go(void) {
    for (unsigned i = 0;; i = (i + 1) % MANY) {
        static struct heapalloc_arena *arenas[MANY];
        static struct heapalloc_pool *pools[MANY];
        heapalloc_arena_destroy(arenas[i]);
        heapalloc_pool_destroy(pools[i]);
        arenas[i] = heapalloc_arena_create(&(struct heapalloc_arena_options){.name = "passing"});
        pools[i] = heapalloc_pool_create_with(&(struct heapalloc_pool_options){.name = "passing", .object_bytes = 48});
        if (arenas[i]) heapalloc_arena_alloc(arenas[i], 3000);
        for (int n = 0; pools[i] && n < 50; n++) heapalloc_pool_get(pools[i]);
    }
}

int main(int count, char **words) {
    bool many = count > 1 && strcmp(words[1], "many") == 0;
    if (!make_pools() || !make_arenas() || !make_collected() || (many && !make_many())) return 1;
    if (heapalloc_stats_json(text, sizeof(text)) == 0 || puts(text) < 0 || fflush(stdout) != 0) return 1;
    alarm(300);
    if (count > 1 && strcmp(words[1], "passing") == 0) come_and_go();
    pause();
    return 0;
}
