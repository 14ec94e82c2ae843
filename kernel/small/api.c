/* The API of heapalloc/heap.h over one heap, for a system that needs no more. */
/* SPDX-License-Identifier: MIT */
#include "small.h"
#include <heapalloc/heap.h>

struct small small;

bool heap_init(void *start, size_t bytes) {
    return small_init(&small, start, bytes);
}

bool heap_add_region(void *start, size_t bytes) {
    return small_add_region(&small, start, bytes);
}

void *heap_alloc(size_t size) {
    return small_alloc(&small, size);
}

void *heap_alloc_zeroed(size_t size) {
    void *p = small_alloc(&small, size);
    return p ? memset(p, 0, size) : NULL;
}

void *heap_alloc_aligned(size_t size, size_t align) {
    return small_alloc_aligned(&small, size, align);
}

void *heap_realloc(void *p, size_t size) {
    return small_realloc(&small, p, size);
}

void heap_free(void *p) {
    small_free(&small, p);
}
