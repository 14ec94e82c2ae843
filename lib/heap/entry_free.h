/* Freeing as it is called from outside, when a fast path does not do; at the end time passes. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Everything that heap_free_fast() does not do, for any pointer whatever; `heap` is the calling thread's. */
void heap_free_slow(void *p, struct heap *heap);

/* The same for a pointer into `unit` of the home span, which is no slab of this heap. */
void heap_free_other(void *p, struct heap *heap, struct unit *unit);

/* Free the block with which the count of this heap's slab became 0. */
void heap_free_last(struct block *block, struct heap *heap, struct unit *slab);

/* Bytes that the block at `p` has; 0 for NULL. */
size_t heap_usable_slow(const void *p);
