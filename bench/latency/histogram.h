/* Counts values in buckets of one part in sixteen, so that percentiles of any number of them take fixed memory. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { SUB_SHIFT = 4, SUB_COUNT = 1 << SUB_SHIFT, BUCKETS = (64 - SUB_SHIFT + 1) * SUB_COUNT };

struct histogram {
    uint64_t counts[BUCKETS];
    uint64_t total, max;
};

/* Values below 16 have a bucket each; above, the four bits after the highest one choose. */
static inline size_t bucket_of(uint64_t value) {
    if (value < SUB_COUNT) return value;
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - SUB_SHIFT;
    return (size_t)(shift + 1) * SUB_COUNT + ((value >> shift) & (SUB_COUNT - 1));
}

/* The smallest value of a bucket. */
static inline uint64_t bucket_start(size_t bucket) {
    if (bucket < SUB_COUNT) return bucket;
    unsigned shift = (unsigned)(bucket / SUB_COUNT) - 1;
    return (uint64_t)(SUB_COUNT + bucket % SUB_COUNT) << shift;
}

static inline void histogram_add(struct histogram *h, uint64_t value) {
    h->counts[bucket_of(value)]++;
    h->total++;
    if (value > h->max) h->max = value;
}
