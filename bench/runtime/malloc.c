/* The routes through malloc: the system's and the process's. */
/* SPDX-License-Identifier: MIT */
#include "workloads.h"
#include <dlfcn.h>
#include <stdlib.h>

/* Looked up in libc itself: a preloaded allocator may replace every other way to it, __libc_malloc included. */
static void *(*libc_malloc)(size_t size_bytes);
static void (*libc_free)(void *block);

static void system_open(void) {
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    if (libc) {
        libc_malloc = (void *(*)(size_t))dlsym(libc, "malloc");
        libc_free = (void (*)(void *))dlsym(libc, "free");
    }
    if (!libc_malloc || !libc_free) abort();
}

static bool always(void) {
    return true;
}

static void nothing(void) {
}

static inline void *system_take(size_t size_bytes) {
    return libc_malloc(size_bytes);
}

static inline void system_give(void *block, size_t size_bytes) {
    (void)size_bytes;
    libc_free(block);
}

static inline void *malloc_take(size_t size_bytes) {
    return malloc(size_bytes);
}

static inline void malloc_give(void *block, size_t size_bytes) {
    (void)size_bytes;
    free(block);
}

DEFINE_ROUTE(system, "system", always, system_open, system_take, system_give, nothing, nothing, NULL, NULL);
DEFINE_ROUTE(malloc, "malloc", always, nothing, malloc_take, malloc_give, nothing, nothing, NULL, NULL);
