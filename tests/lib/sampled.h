/* A profiler for tests: it knows the blocks that it was told, by address, and counts. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/sample_life.h"

struct sampled {
    uint64_t taken, freed;
    uint64_t taken_bytes, freed_bytes;
    double objects, bytes; /* estimates of what was allocated in all */
    uint64_t rate;
};
extern struct sampled sampled;

/* The calling thread's heap tells this profiler from now on; or no longer. */
void sampled_begin(uint64_t rate, uint64_t seed);
void sampled_end(void);

/* The size that it was told of the block at `p`; 0: none. */
size_t sampled_size(const void *p);
