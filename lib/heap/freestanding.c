/* The freestanding API: the fast paths as functions, for worlds that have no malloc family to export. Hooks and guards
 * are options of the build; without them nothing of them is compiled. */
/* SPDX-License-Identifier: MIT */
#include "base/guard.h"
#include "base/memory.h"
#include "heap/fast.h"
#include "heap/free_check.h"
#include "heap/hooks.h"
#include "heap/resize_in_place.h"
#include "heap/trim.h"
#include "span/small_region.h"
#include <heapalloc/heap.h>

#define CALLER __builtin_return_address(0)

static const bool freestanding_told = config_hooks || config_guarded;

/* The usable bytes of the block at `p`, which must be one. */
static size_t freestanding_bytes(const char *function, const void *p) {
    return small_region() ? small_region_usable(function, p) : free_check_bytes(function, p);
}

/* Count NULL as refused. */
INLINE void *served(void *p, size_t request) {
    return likely(p != NULL) ? p : hooks_refused(guard_asked(request));
}

/* A block that is about to be handed out. */
INLINE void *handed_out(void *p, size_t size, const void *caller) {
    if (config_guarded && p) guard_set(p, freestanding_bytes("malloc", p), size, caller);
    hooks_alloc(p, size, caller);
    return p;
}

static NOINLINE void *alloc_slow_told(size_t size, struct heap *heap) {
    return served(entry_alloc(size, heap), size);
}

static void *small(size_t size, struct heap *heap, size_t class) {
    (void)class;
    return alloc_slow_told(size, heap);
}

void *heap_alloc(size_t size) {
    return handed_out(heap_alloc_with(guard_request(size), small, alloc_slow_told), size, CALLER);
}

void *heap_alloc_zeroed(size_t size) {
    size_t request = guard_request(size);
    return handed_out(served(entry_zeroed(request), request), size, CALLER);
}

INLINE void *alloc_aligned(size_t size, size_t align, const void *caller) {
    size_t request = guard_request(size);
    return handed_out(served(entry_aligned(request, align), request), size, caller);
}

/* Any number may come as an alignment; the core relies on a power of two. */
void *heap_alloc_aligned(size_t size, size_t align) {
    return is_power_of_two(align) ? alloc_aligned(size, align, CALLER) : NULL;
}

static NOINLINE void free_told(void *p) {
    size_t bytes = freestanding_bytes("free", p);
    if (config_guarded) guard_check("free", p, bytes);
    hooks_free(p);
    if (config_guarded) guard_poison(p, bytes);
}

/* NULL is tested here, because memory may begin at address 0. */
void heap_free(void *p) {
    if (p == NULL) return;
    if (freestanding_told) free_told(p);
    heap_free_fast(p);
}

/* A block that was resized where it is. */
static void *stayed(void *p, size_t size, const void *caller) {
    if (freestanding_told) hooks_free(p);
    return handed_out(p, size, caller);
}

/* The block stays where it is if it is aligned and has room. The check of `p` comes before anything else is done. */
static void *resize_told(void *p, size_t size, size_t align, const void *caller) {
    size_t asked = config_guarded ? guard_check("realloc", p, freestanding_bytes("realloc", p)) : 0, bytes;
    bool aligned = ((uintptr_t)p & (align - 1)) == 0;
    if (aligned && heap_resize_in_place("realloc", p, guard_request(size), &bytes)) return stayed(p, size, caller);
    if (!aligned) bytes = freestanding_bytes("realloc", p);
    if (config_guarded) bytes = asked;
    void *new = entry_aligned(guard_request(size), align);
    if (new == NULL) return aligned && size <= bytes ? p : hooks_refused(size); /* becoming smaller needs no memory */
    handed_out(new, size, caller);
    memcpy(new, p, min_size(bytes, size));
    heap_free(p);
    return new;
}

static NOINLINE void *resize_slow_told(void *p, size_t size) {
    return served(entry_resize(p, size), size);
}

void *heap_realloc(void *p, size_t size) {
    if (p == NULL) return heap_alloc(size);
    if (size > 0)
        return freestanding_told ? resize_told(p, size, BLOCK_ALIGN_BYTES, CALLER)
                                 : heap_resize_with(p, size, resize_slow_told);
    heap_free(p);
    return NULL;
}

void *heap_realloc_aligned(void *p, size_t size, size_t align) {
    if (!is_power_of_two(align)) return NULL;
    if (p == NULL) return alloc_aligned(size, align, CALLER);
    if (size > 0) return resize_told(p, size, align, CALLER);
    heap_free(p);
    return NULL;
}

size_t heap_usable(const void *p) {
    if (p == NULL) return 0;
    size_t bytes = freestanding_bytes("malloc_usable_size", p);
    return config_guarded ? guard_of((void *)(uintptr_t)p, bytes)->size : bytes;
}

void heap_trim_all(void) {
    if (small_region()) return small_region_trim();
    heap_trim(heap_self->state == HEAP_LIVE ? heap_self : NULL);
}
