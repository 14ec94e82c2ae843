/* Freeing a block of a live heap's thread, or of one that has no heap any more: the core of every free. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Free the block at `p`, which may be any pointer but NULL: what is no block ends the program. `heap`: the calling
 * thread's, live, or NULL. */
void free_live(void *p, struct heap *heap);
