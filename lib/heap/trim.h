/* Giving all free memory back now. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* What is free in `heap` (or NULL), in all others' caches and among the abandoned slabs goes back; true: some went. */
bool heap_trim(struct heap *heap);
