/* Random numbers, sizes and slots that the latency programs share. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

static inline uint32_t random_next(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 0x2545F4914F6CDD1Dull) >> 32);
}

static inline uint32_t random_below(uint64_t *state, uint32_t limit) {
    return (uint32_t)((uint64_t)random_next(state) * limit >> 32);
}

/* Objects of an interpreter: 16 to 64 B. Not larger, because callgrind's address space has no room for heapalloc's home
 * span: up to 512 MiB behave as they do natively, but beyond that a path is taken that no native program takes. */
static inline size_t size_object(uint64_t *random) {
    return 16 + random_below(random, 49);
}

/* Objects, strings and a few buffers: 90 % to 256 B, 9 % to 2 KiB, 1 % to 64 KiB. */
static inline size_t size_any(uint64_t *random) {
    uint32_t kind = random_below(random, 100);
    if (kind < 90) return 16 + random_below(random, 241);
    return kind < 99 ? 256 + random_below(random, 1793) : 2048 + random_below(random, 63489);
}

/* Our own memory, not from the measured allocator, and resident before the measurement begins. */
static inline void *own_memory(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) abort();
    return memory;
}

static inline void *allocate(size_t size_bytes) {
    void *block = malloc(size_bytes);
    if (!block) abort();
    *(volatile char *)block = 1;
    return block;
}
