/* Allocation, as the exported functions call it when a fast path has nothing: a heap is made for a thread without one;
 * what failed is tried again after all that is free was given back; and at the end the clock may be looked at. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/alloc.h"

/* `size` bytes, as given to malloc; `heap` is the calling thread's. NULL: no memory. */
void *heap_alloc_slow(size_t size, struct heap *heap);

/* The same without red zones, and aligned as the class of the size is. */
void *heap_alloc_plain(size_t size, struct heap *heap);

/* `size` bytes at a multiple of `align`, a power of two. NULL: no memory. */
void *heap_alloc_at(size_t size, size_t align);

/* `size` bytes that read as zero. NULL: no memory. */
void *heap_zeroed_slow(size_t size);

/* Zero a block of 65 bytes or more. Not inlined, so that the short path saves no register. */
void *heap_clear_long(char *p, size_t bytes);
