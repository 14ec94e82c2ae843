/* A small deterministic random generator: every run of every allocator sees the same sizes. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* xorshift64*; Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", TOMS 2016. */
static inline uint32_t random_next(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (uint32_t)((x * 0x2545F4914F6CDD1Dull) >> 32);
}
