/* The malloc family under its own names. Contracts are glibc's where the standard leaves a choice. */
#define _GNU_SOURCE
#include "heap/fast.h"
#include "shim.h"

RUN_BY_ALL static NOINLINE void *malloc_last(size_t size, struct heap *heap) {
    return or_enomem(heap_alloc_slow(size, heap));
}

RUN_BY_ALL static NOINLINE void *malloc_small(size_t size, struct heap *heap, size_t class) {
    return heap_alloc_small_rest(size, heap, class, malloc_last);
}

static NOINLINE void *malloc_wide(size_t size, struct heap *heap) {
    return heap_alloc_wide_rest(size, heap, malloc_last);
}

static NOINLINE void *calloc_slow(size_t size, struct heap *heap) {
    void *p = size <= CLASS_BYTES_MAX ? heap_refill_waiting(class_of(size), heap) : NULL;
    return likely(p) ? memset(p, 0, size) : or_enomem(heap_alloc_zeroed(size));
}

static NOINLINE void *realloc_last(void *p, size_t size) {
    return or_enomem(heap_resize(p, size));
}

static NOINLINE void *realloc_slow(void *p, size_t size) {
    return heap_fits_already(p, size) ? p : realloc_last(p, size);
}

EXPORT HOT RUN_BY_ALL void *malloc(size_t size) {
    return heap_alloc_with(size, malloc_small, malloc_wide);
}

EXPORT HOT RUN_BY_ALL void free(void *p) {
    heap_free_fast(p);
}

EXPORT void *calloc(size_t count, size_t size) {
    size_t bytes;
    if (unlikely(__builtin_mul_overflow(count, size, &bytes))) return or_enomem(NULL);
    return heap_zeroed_with(bytes, calloc_slow);
}

EXPORT void *realloc(void *p, size_t size) {
    if (unlikely(!p)) return heap_alloc_with(size, malloc_small, malloc_wide);
    if (unlikely(size == 0)) {
        heap_free_fast(p);
        return NULL;
    }
    return heap_resize_with(p, size, realloc_slow);
}

EXPORT size_t malloc_usable_size(void *p) {
    return heap_usable_fast(p);
}

/* What older programs and libc's own callers know the functions by. */
EXPORT void *__libc_malloc(size_t size) { return malloc(size); }
EXPORT void __libc_free(void *p) { free(p); }
EXPORT void cfree(void *p) { free(p); }
EXPORT void *__libc_calloc(size_t count, size_t size) { return calloc(count, size); }
EXPORT void *__libc_realloc(void *p, size_t size) { return realloc(p, size); }
