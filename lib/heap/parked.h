/* Heaps that wait for a thread.
 *
 * Heap structs are never unmapped and never become anything else: another thread may look at one of a thread that is
 * long gone. They are linked without the heaps lock, because a fork may have that. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Make `heap` an empty one in `state`. It keeps its place among all. */
void parked_clear(struct heap *heap, enum heap_state state);

/* Park a heap that has no blocks and no slabs; one of which that is not known. */
void parked_add(struct heap *heap);
void parked_make(struct heap *heap);

/* Park `first` to `last`, which are linked by next_parked. */
void parked_add_list(struct heap *first, struct heap *last);
