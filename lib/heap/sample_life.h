/* Starts and ends the sampling of a heap. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/sample.h"

/* Sample the calling thread's heap from now on, about once in `rate` bytes; 1: every allocation. False: this build
 * cannot. */
bool sample_begin(struct heap *heap, uint64_t rate, uint64_t seed);
void sample_end(struct heap *heap);
