/* What a world calls when its fast path has nothing: the entry functions, wrapped for memcheck in a build for valgrind.
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/entry_alloc.h"
#include "heap/entry_free.h"
#include "heap/resize.h"
#include "heap/valgrind.h"

INLINE void *entry_alloc(size_t size, struct heap *heap) {
    return config_valgrind ? valgrind_alloc(size) : heap_alloc_slow(size, heap);
}
INLINE void *entry_zeroed(size_t size) {
    return config_valgrind ? valgrind_zeroed(size) : heap_zeroed_slow(size);
}
INLINE void *entry_aligned(size_t size, size_t align) {
    return config_valgrind ? valgrind_aligned(size, align) : heap_alloc_at(size, align);
}
INLINE void *entry_resize(void *p, size_t size) {
    return config_valgrind ? valgrind_resize(p, size) : heap_resize(p, size);
}
INLINE void entry_free(void *p, struct heap *heap) {
    config_valgrind ? valgrind_free(p) : heap_free_slow(p, heap);
}
INLINE size_t entry_usable(const void *p) {
    return config_valgrind ? valgrind_usable(p) : heap_usable_slow(p);
}
