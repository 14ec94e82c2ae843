/* Allocation beyond the fast path, of a live heap: by class, by granules, by units. Nothing is tried twice here. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Sizes above this are refused: a difference of two pointers into a block must not overflow. */
#define ALLOC_BYTES_MAX ((size_t)PTRDIFF_MAX)

/* True when a size is more than any span can have: giving memory back does not help. */
INLINE bool alloc_never_fits(size_t size) {
    return size > (size_t)SPAN_UNITS_MAX << UNIT_SHIFT;
}

/* Whether a block gets room to grow on its right. */
enum alloc_room { ALLOC_TIGHT, ALLOC_ROOMY };

/* A block of a medium or large size. NULL: no memory. */
void *alloc_wide(struct heap *heap, size_t size, enum alloc_fill fill, enum alloc_room room);

/* A block of any size; one that may have red zones need not be aligned as its class is. NULL: no memory. */
enum alloc_zones { ALLOC_PLAIN, ALLOC_ZONED };
void *alloc_live(struct heap *heap, size_t size, enum alloc_zones zones);
