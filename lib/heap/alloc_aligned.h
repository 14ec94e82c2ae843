/* Allocation of blocks aligned beyond their class, by granules or by units. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Granules or units at a multiple of `align`, which is more than a class can give. NULL: no memory. */
void *alloc_wide_aligned(size_t size, size_t align);
