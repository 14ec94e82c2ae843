/* Collected arenas in the Linux process: where the calling thread's stack begins. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "extras/collected.h"
#include "shim.h"
#include <pthread.h>

/* libc knows it of every thread; it reads /proc/self/maps for the main one. NULL: it cannot tell. */
static const void *stack_base(void) {
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return NULL;
    if (pthread_attr_getstack(&attributes, &lowest, &bytes) != 0) lowest = NULL;
    pthread_attr_destroy(&attributes);
    return lowest ? (const char *)lowest + bytes : NULL;
}

EXPORT struct heapalloc_collected *heapalloc_collected_create(const struct heapalloc_collected_options *options) {
    static const struct heapalloc_collected_options defaults;
    if (!options) options = &defaults;
    const void *base = options->stack_base;
    if (!base && !(options->flags & HEAPALLOC_COLLECTED_PRECISE)) base = stack_base();
    return or_enomem(collected_create(options, base));
}
