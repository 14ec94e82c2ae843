/* realloc of large blocks: in place, by moving pages, or by copying them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Make a large block at least `size` bytes long, which is more than it has. NULL: no memory. */
void *resize_grow_large(struct unit *unit, size_t size);

/* Make the large block at `p`, with `unit` its line, longer or shorter. NULL: no memory. */
void *resize_large(void *p, struct unit *unit, size_t size);
