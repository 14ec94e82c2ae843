/* The small heap instead of the core, where heap_init() was given little memory: one heap, one lock, any core. */
/* SPDX-License-Identifier: MIT */
#include "span/small_region.h"
#include "base/lock.h"
#include "small.h"
#include <heapalloc/heap.h>

#if HEAPALLOC_SMALL_BELOW > 0 /* otherwise it is nothing, so that all files of the folder can be compiled */

bool small_region_serves;

struct small small_region_heap;
static struct lock lock_of_all = LOCK_OF(RANK_UNITS);

static void small_region_lock(void) {
    while (!lock_take(&lock_of_all)) {
    } /* frozen by a fork: it ends */
}

static void small_region_unlock(void) {
    lock_give(&lock_of_all);
}

bool small_region_init(void *start, size_t bytes) {
    return small_region_serves = small_init(&small_region_heap, start, bytes);
}

bool small_region_add(void *start, size_t bytes) {
    small_region_lock();
    bool done = small_add_region(&small_region_heap, start, bytes);
    small_region_unlock();
    return done;
}

bool small_region_remove(void *start, size_t bytes) {
    small_region_lock();
    bool done = small_remove_region(&small_region_heap, start, bytes);
    small_region_unlock();
    return done;
}

void *small_region_alloc(size_t size, size_t align) {
    small_region_lock();
    void *p = small_alloc_aligned(&small_region_heap, size, align);
    small_region_unlock();
    return p;
}

void small_region_free(void *p) {
    small_region_lock();
    small_free(&small_region_heap, p);
    small_region_unlock();
}

size_t small_region_usable(const char *function, const void *p) {
    small_region_lock();
    small_expect(&small_region_heap, function, p);
    size_t bytes = small_usable(&small_region_heap, p);
    small_region_unlock();
    return bytes;
}

void small_region_trim(void) {
    small_region_lock();
    slabs_trim(&small_region_heap);
    small_region_unlock();
}

void small_region_figures(struct heap_figures *figures) {
    const struct small *heap = &small_region_heap;
    small_region_lock();
    *figures = (struct heap_figures){.used_bytes = heap->used_bytes,
                                     .free_bytes = heap->free_bytes,
                                     .peak_bytes = heap->used_bytes + heap->free_bytes - heap->least_bytes,
                                     .least_bytes = heap->least_bytes,
                                     .heaps = heap->regions != NULL};
    small_region_unlock();
}

bool small_region_resize_in_place(const char *function, void *p, size_t size, size_t *usable_bytes) {
    small_region_lock();
    small_expect(&small_region_heap, function, p);
    bool done = small_resize(&small_region_heap, p, size);
    *usable_bytes = small_usable(&small_region_heap, p);
    small_region_unlock();
    return done;
}

/* Copied without the lock: only the caller has both blocks. */
void *small_region_resize(void *p, size_t size) {
    size_t bytes;
    if (small_region_resize_in_place("realloc", p, size, &bytes)) return p;
    void *new = small_region_alloc(size, GRANULE_BYTES);
    if (!new) return size <= bytes ? p : NULL;
    memcpy(new, p, min_size(bytes, size));
    small_region_free(p);
    return new;
}

#endif
