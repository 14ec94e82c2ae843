/* Looks up the functions behind this library in symbol order, and says when it leaves malloc to a sanitizer's. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include <stddef.h>
#include <stdint.h>

/* Find the next definition of `name` behind ours; `known` caches it, because dlsym is slow. NULL: there is none. */
void *next_of(void **known, const char *name);

/* 0 when these functions have other names, in a program whose own malloc may be a sanitizer's. */
#ifndef HEAPALLOC_ASIDE
#define HEAPALLOC_ASIDE 1
#endif

/* Every sanitizer runtime with an allocator exports this function, unless gcc linked it into the program statically. */
extern size_t sanitizers_size(const volatile void *) __asm__("__sanitizer_get_allocated_size") __attribute__((weak));

/* True when a sanitizer's allocator serves this process: it must see every block, and none may lie in its shadow. */
INLINE bool aside(void) {
    return HEAPALLOC_ASIDE && unlikely(sanitizers_size != NULL);
}

struct heap;

/* Free a pointer that is not in the home span. */
void free_outside(void *p, struct heap *heap);

/* The functions that are left to the sanitizer; aside_next() looks one up. */
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

/* Define `name`, which calls that function: by a jump, so that a sanitizer's report shows the caller of malloc, and out
 * of line, so that the caller saves no register for it. */
#define ASIDE_FUNCTION(result, name, which, parameters, ...)                      \
    static COLD result name parameters {                                          \
        return ((result(*) parameters)(uintptr_t)aside_next(which))(__VA_ARGS__); \
    }
