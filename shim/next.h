/* What stands behind this library: the functions that would be called without it, and when it leaves malloc to them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include <stddef.h>
#include <stdint.h>

/* The function of this name behind ours, looked up once: dlsym is long. NULL: there is none. */
void *next_of(void **known, const char *name);

/* 0: these functions stand under other names in a program that may have a sanitizer for itself. */
#ifndef HEAPALLOC_ASIDE
#define HEAPALLOC_ASIDE 1
#endif

/* Every sanitizer's runtime with an allocator has this function, be it shared or in the program; but a program into
 * which gcc linked one keeps it to itself. */
extern size_t sanitizers_size(const volatile void *) __asm__("__sanitizer_get_allocated_size") __attribute__((weak));

/* A sanitizer's allocator serves this process: it has to see every block, and no block may lie where its shadow is. */
INLINE bool aside(void) {
    return HEAPALLOC_ASIDE && unlikely(sanitizers_size != NULL);
}

struct heap;

/* What free() does with what is not in the home span. */
void free_outside(void *p, struct heap *heap);

/* A function of the sanitizer's, or of what else is behind us. */
enum aside_name {
    ASIDE_FREE,
    ASIDE_MALLOC,
    ASIDE_CALLOC,
    ASIDE_REALLOC,
    ASIDE_MEMALIGN,
    ASIDE_USABLE,
    ASIDE_NEW,
    ASIDE_NEW_ALIGNED,
    ASIDE_DELETE,
    ASIDE_DELETE_ALIGNED,
    ASIDE_COUNT
};
void *aside_next(enum aside_name name);

/* Defines `name`, which leaves to that one: by a jump, so that a report shows the caller of malloc, and apart, so that
 * who asks aside() saves no register for it. */
#define ASIDE_FUNCTION(result, name, which, parameters, ...)                      \
    static COLD result name parameters {                                          \
        return ((result(*) parameters)(uintptr_t)aside_next(which))(__VA_ARGS__); \
    }
