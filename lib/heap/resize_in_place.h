/* realloc in two halves, for callers that copy by themselves: in place, or a new block that has room to grow. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Make the block at `p` `size` bytes long in place; *usable_bytes is its length before. False: it has to move.
 * A pointer to no block ends the program with the name of `function`. No byte is copied, so the cost does not depend on
 * the size. */
bool heap_resize_in_place(const char *function, void *p, size_t size, size_t *usable_bytes);

/* A block of `size` bytes for one of `old_bytes` that grows, with room if it grows in small steps. NULL: no memory. */
void *heap_alloc_growing(size_t size, size_t old_bytes);
