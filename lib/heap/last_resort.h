/* What serves a small request when all that is free was given back and its class has nothing. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* A block of a larger class, or of level 2, for `size` bytes of a class that can get no slab. NULL: there is no larger
 * one either, or `size` is above the classes. The heap is trimmed: its bins are empty. */
void *last_resort_take(struct heap *heap, size_t size);

/* The same for `size` of a class, at a multiple of `align`, a power of two up to 4096. */
void *last_resort_aligned(struct heap *heap, size_t size, uint32_t align);
