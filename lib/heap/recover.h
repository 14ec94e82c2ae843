/* Recovery in a fork's child: it takes over what the other threads owned, piece by piece.
 *
 * Their heaps were in use, so their lists are never trusted. Such a heap is LEFT_BY_FORK. When the child frees into one
 * of its slabs, or finds one in a sweep over all lines that its slow paths do, some lines at a time, it takes the slab
 * and finds the free blocks by their keys. After the sweep no heap is left behind any more. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Begin in the child, when all locks are free: slabs that were being counted at the fork are to be counted again. */
void recover_begin(void);

/* If `slab` belongs to a left-behind heap, make it `heap`'s; true: it is now. Without a heap (NULL) the caller has the
 * slab, frees into it, abandons it, and calls recover_end(): pushing would mark a block that is being counted. */
bool recover_slab(struct unit *slab, struct heap *heap);
void recover_end(void);

/* While there is one thread, push a block to the slab of a left-behind heap, as to any other: the sweep will find it,
 * and only the block's page is written to. False: it is no such slab, or other threads may be counting it. */
bool recover_push(struct unit *slab, struct block *block);

/* Disable recover_push(), before a second thread gets a heap. */
void recover_share(void);
