/* Emptying what a heap has in front of its slabs: bins, cached blocks, empty slabs. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Put the bins' blocks back into their slabs, and free all adopted blocks. No more are adopted until
 * heap_adopt_enable(), and no free goes to a bin until it is filled again. */
void heap_flush_bins(struct heap *heap);

/* Give back the medium cache and the empty slabs. */
void heap_flush(struct heap *heap);
