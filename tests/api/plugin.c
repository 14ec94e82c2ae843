/* A library that links the allocator and is loaded by a program that does not. */
/* SPDX-License-Identifier: MIT */
#include "plugin.h"
#include "workload.h"
#include <dlfcn.h>

static void work(unsigned seed) {
    workload(seed, 3000);
}

static const char *malloc_home(void) {
    Dl_info info;
    void *(*volatile address)(size_t) = malloc;
    expect(dladdr((void *)(uintptr_t)address, &info) != 0);
    return info.dli_fname;
}

__attribute__((visibility("default"))) const struct plugin plugin = {work, malloc_home};
