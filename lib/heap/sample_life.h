/* A heap begins to look for what a profiler is told, and ends. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/sample.h"

/* The heap, which is the calling thread's, looks from now on: at every allocation where `rate` is 1. False: this build
 * cannot. */
bool sample_begin(struct heap *heap, uint64_t rate, uint64_t seed);
void sample_end(struct heap *heap);
