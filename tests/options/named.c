/* The program that tests/options/named.sh runs: its pools and arenas have names. */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/heapalloc.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[100000];
static bool stop;

static struct heapalloc_pool *pool(const char *name, size_t bytes, unsigned flags, size_t used) {
    struct heapalloc_pool_options options = {.name = name, .object_bytes = bytes, .flags = flags};
    struct heapalloc_pool *made = heapalloc_pool_create_with(&options);
    if (!made) exit(3);
    for (size_t i = 0; i < used; i++) memset(heapalloc_pool_get(made), 1, bytes);
    return made;
}

static struct heapalloc_arena *arena(const char *name, size_t used) {
    struct heapalloc_arena *made = heapalloc_arena_create(&(struct heapalloc_arena_options){.name = name});
    if (!made || !heapalloc_arena_alloc(made, used)) exit(3);
    return made;
}

/* Two arenas of one name; a pool of each kind; those without a name are not reported. */
static void make_some(void) {
    static char long_name[200];
    memset(long_name, 'x', sizeof(long_name) - 1);
    pool("plain \"nodes\"", 100, 0, 50);
    pool("shared", 1000, HEAPALLOC_POOL_SHARED, 20);
    pool(long_name, 16, 0, 1);
    pool(NULL, 64, 0, 5);
    arena("a<b> & \"c\"\n", 1);
    arena("thirty-eight letters and one that is c\xc3\xa9", 1);
    arena("request", 100000);
    arena("request", 3000);
    heapalloc_arena_destroy(arena("gone", 5000));
    heapalloc_pool_destroy(pool("gone", 32, 0, 5));
}

static int tell(void) {
    make_some();
    if (heapalloc_stats_json(text, sizeof(text)) == 0 || fputs(text, stdout) < 0) return 1;
    return fflush(stdout);
}

/* The same as glibc's functions tell it. */
static int tell_glibc(void) {
    make_some();
    malloc_stats();
    return malloc_info(0, stdout);
}

/* More names than there are rows. */
static int tell_many(void) {
    static char names[100][20];
    for (int i = 0; i < 100; i++) {
        snprintf(names[i], sizeof(names[i]), "arena %d", i);
        arena(names[i], 1000);
    }
    heapalloc_stats_json(text, sizeof(text));
    return fputs(text, stdout) < 0;
}

/* Threads create, use and destroy named ones. */
static void *work(void *argument) {
    struct heapalloc_pool *shared = argument;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        struct heapalloc_pool *mine = pool("mine", 48, 0, 300);
        struct heapalloc_arena *area = arena("area", 40000);
        void *blocks[100];
        size_t got = heapalloc_pool_get_many(shared, blocks, 100);
        heapalloc_pool_put_many(shared, blocks, got);
        heapalloc_arena_reset(area);
        heapalloc_pool_destroy(mine);
        heapalloc_arena_destroy(area);
    }
    return NULL;
}

/* Reads reports, and forks children that read them and create their own, while threads work. */
static int look_among_threads(void) {
    struct heapalloc_pool *shared = pool("shared", 200, HEAPALLOC_POOL_SHARED, 10);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, work, shared) != 0) return 4;
    for (int i = 0; i < 60; i++) {
        int status = 0;
        if (heapalloc_stats_json(text, sizeof(text)) > 0 && i % 10 == 0) fputs(text, stdout);
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            heapalloc_arena_destroy(arena("child's", 1000));
            _exit(heapalloc_stats_json(text, sizeof(text)) > 0 ? 0 : 5);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 6;
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    return heapalloc_verify() ? 7 : 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "some") == 0) return tell();
    if (strcmp(what, "glibc") == 0) return tell_glibc();
    if (strcmp(what, "many") == 0) return tell_many();
    if (strcmp(what, "threads") == 0) return look_among_threads();
    return 9;
}
