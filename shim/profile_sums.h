/* Sums of samples, and what each sample stands for. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"

/* Sums of samples, unweighted, and weighted by what each stands for, in 65536ths. */
struct profile_sums {
    uint64_t blocks, bytes;
    uint64_t objects_16, space_16;
};

/* The bytes that a sample of a block of `size` bytes stands for: an estimate without bias. */
uint64_t profile_weight(size_t size, uint64_t rate);

/* Add a sample to the sums; returns the bytes that it stands for, in 65536ths. There is one writer at a time;
 * concurrent readers may see some counts before others. */
uint64_t profile_sums_add(struct profile_sums *sums, size_t size, uint64_t rate);

/* Read sums; any thread may at any time. */
struct profile_sums profile_sums_read(const struct profile_sums *sums);

/* What was taken and not freed. */
struct profile_sums profile_sums_less(struct profile_sums taken, struct profile_sums freed);
