/* The freestanding API: the fast paths as functions, for worlds that have no malloc family to export. */
/* SPDX-License-Identifier: MIT */
#include "base/memory.h"
#include "heap/fast.h"
#include "heap/resize_in_place.h"
#include "heap/trim.h"
#include "span/small_region.h"
#include <heapalloc/heap.h>

static void *small(size_t size, struct heap *heap, size_t class) {
    (void)class;
    return entry_alloc(size, heap);
}

void *heap_alloc(size_t size) {
    return heap_alloc_with(size, small, entry_alloc);
}

/* Any number may come as an alignment; the core relies on a power of two. */
void *heap_alloc_aligned(size_t size, size_t align) {
    return is_power_of_two(align) ? entry_aligned(size, align) : NULL;
}

/* NULL is tested here, because memory may begin at address 0. */
void heap_free(void *p) {
    if (p != NULL) heap_free_fast(p);
}

void *heap_realloc(void *p, size_t size) {
    if (p == NULL) return heap_alloc(size);
    if (size > 0) return heap_resize_with(p, size, entry_resize);
    heap_free(p);
    return NULL;
}

static size_t freestanding_usable(const void *p) {
    return small_region() ? small_region_usable(p) : entry_usable(p);
}

size_t heap_usable(const void *p) {
    return p != NULL ? freestanding_usable(p) : 0;
}

/* An aligned block stays where it is if it can. The check of `p` comes before anything else is done. */
void *heap_realloc_aligned(void *p, size_t size, size_t align) {
    size_t bytes;

    if (!is_power_of_two(align)) return NULL;
    if (p == NULL) return heap_alloc_aligned(size, align);
    if (size == 0) return heap_realloc(p, 0);
    bool aligned = ((uintptr_t)p & (align - 1)) == 0;
    if (aligned && heap_resize_in_place("realloc", p, size, &bytes)) return p;
    if (!aligned) bytes = freestanding_usable(p);
    void *new = heap_alloc_aligned(size, align);
    if (new == NULL) return aligned && size <= bytes ? p : NULL; /* becoming smaller needs no memory */
    memcpy(new, p, min_size(bytes, size));
    heap_free(p);
    return new;
}

void heap_trim_all(void) {
    if (small_region()) return small_region_trim();
    heap_trim(heap_self->state == HEAP_LIVE ? heap_self : NULL);
}
