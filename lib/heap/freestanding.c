/* The freestanding API: the fast paths as functions, for worlds that have no malloc family to export. */
/* SPDX-License-Identifier: MIT */
#include "heap/fast.h"
#include <heapalloc/heap.h>

static void *small(size_t size, struct heap *heap, size_t class) {
    (void)class;
    return entry_alloc(size, heap);
}

void *heap_alloc(size_t size) {
    return heap_alloc_with(size, small, entry_alloc);
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
