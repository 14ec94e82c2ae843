/* Freeing a block, in a thread with a live heap or without one: the core of every free. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Free the block at `p`, which may be any pointer but NULL: one to no block ends the program. `heap`: the calling
 * thread's, live, or NULL. */
void free_live(void *p, struct heap *heap);
