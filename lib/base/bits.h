/* Arithmetic on words: powers of two, logarithms, branch hints. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define HOT __attribute__((hot))
#define COLD __attribute__((cold, noinline))
#define NOINLINE __attribute__((noinline))
#define INLINE static inline __attribute__((always_inline))

/* Marks a function that most processes run, and a constant that every process reads. Linux maps a file in steps of
 * 64 KiB: the functions lie together in one step (shim/startup.ld), and the constants beside what the loader writes to.
 */
#ifdef __PIC__
#define STARTUP_TEXT __attribute__((section("heapalloc_start")))
#define STARTUP_CONST __attribute__((section(".data.rel.ro")))
#else
#define STARTUP_TEXT HOT
#define STARTUP_CONST
#endif

/* Load the cache line at `p`, which will be read soon. Any address will do. */
#define PREFETCH(p) __builtin_prefetch(p)

/* Have `x` in a register here. Between two such values the compiler selects without a branch. */
#define COMPUTED(x) __asm__("" : "+r"(x))

/* True for 1, 2, 4, ...; false for 0. */
INLINE bool is_power_of_two(size_t x) {
    return x != 0 && (x & (x - 1)) == 0;
}

/* `x` rounded up, or down, to a multiple of the power of two `step`. */
INLINE size_t round_up(size_t x, size_t step) {
    return (x + step - 1) & ~(step - 1);
}
INLINE size_t round_down(size_t x, size_t step) {
    return x & ~(step - 1);
}

/* Position of the highest, or lowest, set bit; x != 0. */
INLINE uint32_t bit_high(uint32_t x) {
    return 31u - (uint32_t)__builtin_clz(x);
}
INLINE uint32_t bit_low(uint32_t x) {
    return (uint32_t)__builtin_ctz(x);
}

INLINE uint32_t bit_low_64(uint64_t x) {
    return (uint32_t)__builtin_ctzll(x);
}

INLINE size_t min_size(size_t a, size_t b) {
    return a < b ? a : b;
}
INLINE size_t max_size(size_t a, size_t b) {
    return a > b ? a : b;
}
