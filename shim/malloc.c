/* The malloc family under its own names. Behaves as glibc's where the standard leaves a choice. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "events_run.h"
#include "exit_stats.h"
#include "heap/fast.h"
#include "heap/hardened.h"
#include "libc.h"
#include "next.h"
#include "shim.h"

ASIDE_FUNCTION(void *, malloc_aside, ASIDE_MALLOC, (size_t size), size)
ASIDE_FUNCTION(void *, calloc_aside, ASIDE_CALLOC, (size_t count, size_t size), count, size)
ASIDE_FUNCTION(void *, realloc_aside, ASIDE_REALLOC, (void *p, size_t size), p, size)
ASIDE_FUNCTION(void, free_aside, ASIDE_FREE, (void *p), p)
ASIDE_FUNCTION(size_t, usable_aside, ASIDE_USABLE, (const void *p), p)

STARTUP_TEXT static NOINLINE void *malloc_last(size_t size, struct heap *heap) {
    if (aside()) return malloc_aside(size);
    void *p = entry_alloc(size, heap);
    events_look();
    return or_enomem(p);
}

STARTUP_TEXT static NOINLINE void *malloc_small(size_t size, struct heap *heap, size_t class) {
    return heap_alloc_small_rest(size, heap, class, malloc_last);
}

STARTUP_TEXT static NOINLINE void *malloc_shared(size_t size, struct heap *heap) {
    return heap_alloc_wide_shared(size, heap, malloc_last);
}

static NOINLINE STARTUP_TEXT void *malloc_wide(size_t size, struct heap *heap) {
    return heap_alloc_wide_rest(size, heap, malloc_shared, malloc_last);
}

STARTUP_TEXT static NOINLINE void *calloc_slow(size_t size, struct heap *heap) {
    bool exits = HEAPALLOC_ASIDE && unlikely(size == LIBC_EXIT_LIST_BYTES);
    void *p = size <= CLASS_BYTES_MAX && !exits ? heap_zeroed_rest(size, heap) : NULL;
    if (likely(p)) return p;
    if (aside()) return calloc_aside(1, size);
    p = exits ? exit_stats_after(entry_zeroed, size) : entry_zeroed(size);
    if (!exits) events_look();
    return or_enomem(p);
}

STARTUP_TEXT static NOINLINE void *realloc_last(void *p, size_t size) {
    if (aside()) return realloc_aside(p, size);
    p = entry_resize(p, size);
    events_look();
    return or_enomem(p);
}

STARTUP_TEXT static NOINLINE void *realloc_small(void *p, size_t size) {
    void *moved = heap_move_small(p, size);
    return likely(moved) ? moved : realloc_last(p, size);
}

STARTUP_TEXT static NOINLINE void *realloc_slow(void *p, size_t size) {
    if (size <= CLASS_BYTES_MAX && !hardened()) return realloc_small(p, size);
    return heap_fits_already(p, size) ? p : realloc_last(p, size);
}

STARTUP_TEXT void free_outside(void *p, struct heap *heap) {
    if (aside()) return free_aside(p);
    entry_free(p, heap);
}

static NOINLINE size_t usable_outside(const void *p) {
    if (aside()) return usable_aside(p);
    return entry_usable(p);
}

static NOINLINE STARTUP_TEXT void *malloc_sealed(size_t size) {
    size_t request = hardened_request(size);
    void *p = hardened_next(request, HARDENED_ANY);
    if (likely(p)) return p;
    if (unlikely(hardened_is_due())) return hardened_seal(malloc_last(request, heap_self), request);
    return hardened_seal(heap_alloc_with(request, malloc_small, malloc_wide), request);
}

EXPORT HOT STARTUP_TEXT void *malloc(size_t size) {
    if (hardened()) return hardened_alloc_with(size, malloc_sealed);
    return heap_alloc_with(size, malloc_small, malloc_wide);
}

EXPORT HOT STARTUP_TEXT void free(void *p) {
    hardened_free_with(p, free_outside);
}

static NOINLINE STARTUP_TEXT void *calloc_sealed(size_t size) {
    size_t request = hardened_request(size);
    void *p = hardened_next(request, HARDENED_ZERO);
    return likely(p) ? p : hardened_seal(heap_zeroed_with(request, calloc_slow), request);
}

EXPORT STARTUP_TEXT void *calloc(size_t count, size_t size) {
    size_t bytes;
    if (unlikely(__builtin_mul_overflow(count, size, &bytes))) return or_enomem(NULL);
    if (hardened()) return hardened_zeroed_with(bytes, calloc_sealed);
    return heap_zeroed_with(bytes, calloc_slow);
}

EXPORT STARTUP_TEXT void *realloc(void *p, size_t size) {
    if (hardened() && unlikely(!p)) return malloc(size);
    if (unlikely(!p)) return heap_alloc_with(size, malloc_small, malloc_wide);
    if (unlikely(size == 0)) {
        hardened_free_with(p, free_outside);
        return NULL;
    }
    if (hardened()) return hardened_resize(p, size, realloc_slow);
    return heap_resize_with(p, size, realloc_slow);
}

EXPORT size_t malloc_usable_size(void *p) {
    if (hardened()) hardened_check("malloc_usable_size", p);
    size_t bytes = heap_usable_with(p, usable_outside);
    return hardened() && bytes > 0 && !aside() ? bytes - CANARY_BYTES : bytes;
}

/* The names that older programs and libc itself use. */
EXPORT void *__libc_malloc(size_t size) {
    return malloc(size);
}
EXPORT void __libc_free(void *p) {
    free(p);
}
EXPORT void cfree(void *p) {
    free(p);
}
EXPORT void *__libc_calloc(size_t count, size_t size) {
    return calloc(count, size);
}
EXPORT void *__libc_realloc(void *p, size_t size) {
    return realloc(p, size);
}
