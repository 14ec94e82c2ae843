/* The sweep of a fork's child over what left-behind heaps own: their caches first, then all lines once. The child's
 * slow paths do a step each, so that no call is long. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Begin the sweep, as there are left-behind heaps. */
void recover_sweep_begin(void);

/* Do a step of the sweep for `heap`, the caller's, which gets what is found. */
void recover_sweep_step(struct heap *heap);
