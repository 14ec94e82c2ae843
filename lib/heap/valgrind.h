/* malloc and its family in a build for valgrind (config_valgrind): every block between two bands, reported to memcheck.
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* These call heap_alloc_slow, heap_zeroed_slow, heap_alloc_at, heap_resize, heap_free_slow and heap_usable_slow.
 */
void *valgrind_alloc(size_t size);
void *valgrind_zeroed(size_t size);
void *valgrind_aligned(size_t size, size_t align);
void *valgrind_resize(void *p, size_t size);
void valgrind_free(void *p);
size_t valgrind_usable(const void *p);
