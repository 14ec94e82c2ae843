/* Heaps that wait for a thread.
 *
 * Heap structs are never unmapped and never become anything else: another thread may read the one of a thread that has
 * long ended. They are linked without the heaps lock, because a fork may have that. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Make `heap` an empty one in `state`. It keeps its place in the list of all heaps. */
void parked_clear(struct heap *heap, enum heap_state state);

/* Park a heap that has no blocks and no slabs; clear and park one whose contents are unknown. */
void parked_add(struct heap *heap);
void parked_make(struct heap *heap);

/* Park `first` to `last`, which are linked by next_parked. */
void parked_add_list(struct heap *first, struct heap *last);
