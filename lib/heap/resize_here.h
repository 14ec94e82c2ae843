/* realloc in two halves, for who copies himself: in place, or a new block that has room to grow. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Make the block at `p` `size` bytes long where it is, or tell its present length. False: it has to move.
 * What is no block ends the program, under the name of `function`. No byte is moved: as many instructions for each
 * size. */
bool heap_resize_here(const char *function, void *p, size_t size, size_t *usable_bytes);

/* A block of `size` bytes for one that grows. NULL: no memory. */
void *heap_alloc_growing(size_t size);
