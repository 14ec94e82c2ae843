/* Frees into slabs that the heap does not own. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Free `block`, any pointer into `slab`, which another heap or none owns; a pointer to no block ends the program. The
 * block is adopted if the heap's budget has room; else it goes to the slab's remote list, or the heap claims the slab.
 */
void remote_free(struct block *block, struct heap *heap, struct unit *slab);

/* The same for a used block, by a thread that has no heap. */
void remote_free_without_heap(struct block *block, struct unit *slab);
