/* In the child of a fork: what the threads that are not here owned comes to it when it is met.
 *
 * Their heaps were in use, so their lists are never trusted. Such a heap is LEFT_BY_FORK. When the child frees into one
 * of its slabs, or meets one in a sweep over all lines that its slow paths do, some lines at a time, it takes the slab
 * and finds the free blocks by their keys. After the sweep no heap is left behind any more. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* The child has just begun, all locks are free: what was being salvaged when it was forked is begun anew. */
void salvage_begin(void);

/* There are heaps left behind: the sweep begins. */
void salvage_sweep_begin(void);

/* If `slab` belongs to a heap left behind, make it `heap`'s; true: it is now. Without a heap (NULL) it is the caller's,
 * who frees into it, disowns it, and then says so: pushing would mark a block that is being counted. */
bool salvage_slab(struct unit *slab, struct heap *heap);
void salvage_end(void);

/* While there is one thread: push a block to the slab of a heap left behind, as to any other; the sweep will find it,
 * and no page is written to but the block's. False: it is none, or there are threads again, who may be counting it. */
bool salvage_push(struct unit *slab, struct block *block);

/* A second thread comes: from now on salvage_push() does nothing. */
void salvage_share(void);

/* Look at some more units for slabs of heaps left behind. */
void salvage_some(struct heap *heap);
