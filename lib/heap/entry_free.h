/* Freeing, as the exported functions call it when the fast path declines; at the end the clock may be looked at. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Free any pointer that heap_free_fast() declines; `heap` is the calling thread's. */
void heap_free_slow(void *p, struct heap *heap);

/* The same for a pointer into `unit` of the home span, which is no slab of this heap. */
void heap_free_other(void *p, struct heap *heap, struct unit *unit);

/* The same for a pointer into this heap's slab that is no start of a block, or of one that looks free: at first sight.
 */
void heap_free_odd(void *p, struct heap *heap, struct unit *slab);

/* Free the block with which the count of this heap's slab became 0. */
void heap_free_last(struct block *block, struct heap *heap, struct unit *slab);

/* The usable size of the block at `p`; 0 for NULL. */
size_t heap_usable_slow(const void *p);
