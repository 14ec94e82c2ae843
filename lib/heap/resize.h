/* realloc: in place where the neighbour allows, by moving pages where it is large, by copying otherwise. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/resize_room.h"

/* Make the block at `p` (not NULL) at least `size` bytes (not 0) long; its first min(old, new) bytes keep their
 * contents. NULL: no memory, and the block is unchanged. */
void *heap_resize(void *p, size_t size);
