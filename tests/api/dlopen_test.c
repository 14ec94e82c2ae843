/* Libraries that link the allocator are loaded and unloaded in a program that does not link it. */
/* SPDX-License-Identifier: MIT */
#include "plugin.h"
#include "workload.h"
#include <dlfcn.h>
#include <pthread.h>
#include <sys/stat.h>

static const char *plugin_path;
static const char *allocator_path;

static void *open_or_fail(const char *path, int flags) {
    void *handle = dlopen(path, flags);
    if (handle == NULL) fprintf(stderr, "%s\n", dlerror());
    expect(handle != NULL);
    return handle;
}

static int is_the_allocator(const char *path) {
    struct stat a, b;
    return stat(path, &a) == 0 && stat(allocator_path, &b) == 0 && a.st_ino == b.st_ino;
}

static void open_use_close(int flags, unsigned seed) {
    void *handle = open_or_fail(plugin_path, flags);
    const struct plugin *plugin = dlsym(handle, "plugin");
    expect(plugin != NULL);
    expect(is_the_allocator(plugin->malloc_home()) == ((flags & RTLD_DEEPBIND) != 0));
    plugin->work(seed);
    workload(seed + 1, 500);
    expect(dlclose(handle) == 0);
}

CASE(plugin_comes_and_goes) {
    for (unsigned round = 0; round < 100; round++) open_use_close(RTLD_NOW | RTLD_LOCAL, round);
}

/* With this flag the plugin gets the malloc it was linked with, in addition to the program's. */
CASE(deeply_bound_plugin_comes_and_goes) {
    for (unsigned round = 0; round < 100; round++) open_use_close(RTLD_NOW | RTLD_DEEPBIND, round);
}

struct functions {
    void *(*take)(size_t);
    void *(*resize)(void *, size_t);
    void (*give)(void *);
};

static struct functions find(void *handle) {
    struct functions f;
    f.take = (void *(*)(size_t))dlsym(handle, "malloc");
    f.resize = (void *(*)(void *, size_t))dlsym(handle, "realloc");
    f.give = (void (*)(void *))dlsym(handle, "free");
    expect(f.take != NULL && f.resize != NULL && f.give != NULL);
    return f;
}

static void use(const struct functions *f) {
    static __thread char *blocks[500];
    for (unsigned i = 0; i < 500; i++) {
        blocks[i] = f->take(i * 37);
        expect(blocks[i] != NULL);
        memset(blocks[i], 1, i * 37);
    }
    for (unsigned i = 0; i < 500; i++) {
        blocks[i] = f->resize(blocks[i], i * 73 + 1);
        expect(i == 0 || blocks[i][i * 37 - 1] == 1);
    }
    for (unsigned i = 0; i < 500; i++) f->give(blocks[i]);
}

CASE(allocator_itself_comes_and_goes) {
    for (unsigned round = 0; round < 100; round++) {
        void *handle = open_or_fail(allocator_path, RTLD_NOW | RTLD_LOCAL);
        struct functions f = find(handle);
        use(&f);
        expect(dlclose(handle) == 0);
    }
}

static pthread_barrier_t used, closed;

/* The thread's own state in the allocator is torn down after the program closed the library. */
static void *use_and_outlive(void *handle) {
    struct functions f = find(handle);
    use(&f);
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    return NULL;
}

CASE(threads_end_after_the_library_is_closed) {
    for (unsigned round = 0; round < 25; round++) {
        pthread_t threads[3];
        void *handle = open_or_fail(allocator_path, RTLD_NOW | RTLD_LOCAL);
        pthread_barrier_init(&used, NULL, 4);
        pthread_barrier_init(&closed, NULL, 4);
        for (unsigned i = 0; i < 3; i++) expect(pthread_create(&threads[i], NULL, use_and_outlive, handle) == 0);
        pthread_barrier_wait(&used);
        expect(dlclose(handle) == 0);
        pthread_barrier_wait(&closed);
        for (unsigned i = 0; i < 3; i++) expect(pthread_join(threads[i], NULL) == 0);
    }
}

/* A second copy of libc and of the allocator, in a namespace of its own. */
CASE(plugin_in_its_own_name_space) {
    for (unsigned round = 0; round < 4; round++) {
        void *handle = dlmopen(LM_ID_NEWLM, plugin_path, RTLD_NOW);
        expect(handle != NULL);
        const struct plugin *plugin = dlsym(handle, "plugin");
        expect(plugin != NULL);
        plugin->work(round);
        expect(dlclose(handle) == 0);
    }
}

/* Usage: dlopen_test CASE PLUGIN ALLOCATOR */
int main(int argc, char **argv) {
    expect(argc == 4);
    plugin_path = argv[2];
    allocator_path = argv[3];
    return run_case(argc, argv);
}
