/* Allocation beyond the fast path: by class, by granules, by units; zeroed, aligned. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Sizes above this are refused: a difference of two pointers into a block must not overflow. */
#define ALLOC_BYTES_MAX ((size_t)PTRDIFF_MAX)

/* A block of a medium or large size. NULL: no memory. `zero`: it reads as zero. `roomy`: with room to grow. */
void *alloc_wide(struct heap *heap, size_t size, bool zero, bool roomy);

/* heap_alloc for a heap that is known to be live (or the late one, locked). */
void *alloc_live(struct heap *heap, size_t size);

/* `size` bytes at a multiple of `align`, a power of two. NULL: no memory. */
void *heap_alloc_aligned(size_t size, size_t align);

/* `size` bytes that read as zero. NULL: no memory. */
void *heap_alloc_zeroed(size_t size);
