/* Collected arenas in the Linux process: finds where the calling thread's stack begins. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "extras/collected.h"
#include "process.h"
#include "shim.h"
#include "syscall.h"
#include <pthread.h>

/* The first thread's stack may grow this far: nothing else is mapped so close, and its limit may be raised later. */
enum { FIRST_STACK_BYTES = 128 << 20 };

/* Ask libc for the calling thread's stack; for the first thread libc reads /proc/self/maps. NULL: unknown. */
static const char *stack_of_thread(const char **end) {
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return NULL;
    if (pthread_attr_getstack(&attributes, &lowest, &bytes) != 0) lowest = NULL;
    pthread_attr_destroy(&attributes);
    if (!lowest) return NULL;
    *end = (const char *)lowest + bytes;
    bool first = process_id() == syscall_6(SYS_gettid, 0, 0, 0, 0, 0, 0);
    return first && bytes < FIRST_STACK_BYTES ? *end - FIRST_STACK_BYTES : lowest;
}

/* Try a word of each page, and the last one. */
static bool can_read_all(const void *from, size_t bytes) {
    enum { LEAST_PAGE_BYTES = 4096 };
    const char *at = from, *last = at + bytes - 1;
    for (; at < last; at += LEAST_PAGE_BYTES)
        if (!syscall_can_read((const void *)((uintptr_t)at & -sizeof(void *)))) return false;
    return syscall_can_read((const void *)((uintptr_t)last & -sizeof(void *)));
}

EXPORT struct heapalloc_collected *heapalloc_collected_create(const struct heapalloc_collected_options *options) {
    static const struct heapalloc_collected_options defaults;
    if (!options) options = &defaults;
    const char *base = options->stack_base, *lowest = NULL;
    if (!base && !(options->flags & HEAPALLOC_COLLECTED_PRECISE)) lowest = stack_of_thread(&base);
    struct heapalloc_collected *collected = collected_create(options, base);
    if (collected) {
        collected->stack_lowest = lowest;
        collected->readable = can_read_all;
    }
    return or_enomem(collected);
}
