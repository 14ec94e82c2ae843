/* Emptying what a heap has in front of its slabs: bins, cached blocks, empty slabs. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Put the bins' blocks back into their slabs, and free all adopted blocks again; no more are taken in until
 * heap_adopt_enable(), and no block returns to a bin until it is filled. */
void heap_spill(struct heap *heap);

/* Give back the medium cache and the empty slabs. */
void heap_flush(struct heap *heap);
