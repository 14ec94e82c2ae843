/* Giving all free memory back now. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Give back all that is free in `heap` (or NULL), other heaps' caches and abandoned slabs. True: some was purged. */
bool heap_trim(struct heap *heap);
