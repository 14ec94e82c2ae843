/* The family in a build for valgrind (config_valgrind): every block between two bands, and memcheck told of each. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* True unless the calling thread is in one of the functions below: whoever is called then tells memcheck first. */
bool valgrind_is_due(void);

/* What heap_alloc_slow, heap_alloc_zeroed, heap_alloc_aligned, heap_resize, heap_free_slow and heap_usable_slow do. */
void *valgrind_alloc(size_t size);
void *valgrind_zeroed(size_t size);
void *valgrind_aligned(size_t size, size_t align);
void *valgrind_resize(void *p, size_t size);
void valgrind_free(void *p);
size_t valgrind_usable(const void *p);
