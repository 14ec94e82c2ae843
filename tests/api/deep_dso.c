/* A library that is opened with RTLD_DEEPBIND. It allocates, frees what others allocated, and opens others by names
 * that only its own search path finds. */
/* SPDX-License-Identifier: MIT */
#include "deep.h"
#include <dlfcn.h>
#include <stdlib.h>

static void *open_from_here(const char *file, int mode) {
    void *volatile handle = dlopen(file, mode); /* a call, not a jump: the test is about the caller of dlopen */
    return handle;
}

static int marked(void) {
    return DEEP_MARK;
}

__attribute__((visibility("default"))) const struct deep deep = {malloc, realloc, free, open_from_here, marked};
