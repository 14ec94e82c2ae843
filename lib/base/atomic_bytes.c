/* Atomic changes of single bytes, where the compiler has none and would call a library for them: RISC-V. The word that
 * has the byte is exchanged; its other bytes stay as they are. */
/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include <stdint.h>

#if defined(__riscv)

typedef uint32_t word __attribute__((may_alias));

#define BYTE_FUNCTION(name, symbol, ...)                                             \
    uint8_t name(__VA_ARGS__) __asm__(symbol) __attribute__((visibility("hidden"))); \
    uint8_t name(__VA_ARGS__)

INLINE word *word_of(volatile void *p) {
    return (word *)((uintptr_t)p & ~(uintptr_t)3);
}
INLINE unsigned shift_of(volatile void *p) {
    return ((unsigned)(uintptr_t)p & 3) * 8;
}

/* The byte as it was; the word becomes (word & keep) ^ change. */
INLINE uint8_t change_byte(volatile void *p, uint8_t keep, uint8_t change) {
    word *at = word_of(p), seen = __atomic_load_n(at, __ATOMIC_RELAXED), new;
    unsigned shift = shift_of(p);
    do new = (seen & ~((uint32_t)(uint8_t)~keep << shift)) ^ (uint32_t)change << shift;
    while (!__atomic_compare_exchange_n(at, &seen, new, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    return (uint8_t)(seen >> shift);
}

BYTE_FUNCTION(byte_exchange, "__atomic_exchange_1", volatile void *p, uint8_t value, int order) {
    (void)order;
    return change_byte(p, 0, value);
}
BYTE_FUNCTION(byte_fetch_or, "__atomic_fetch_or_1", volatile void *p, uint8_t value, int order) {
    (void)order;
    return change_byte(p, (uint8_t)~value, value);
}
BYTE_FUNCTION(byte_fetch_and, "__atomic_fetch_and_1", volatile void *p, uint8_t value, int order) {
    (void)order;
    return change_byte(p, value, 0);
}

BYTE_FUNCTION(byte_compare_exchange, "__atomic_compare_exchange_1", volatile void *p, uint8_t *expected, uint8_t value,
              int success, int failure) {
    (void)success, (void)failure;
    word *at = word_of(p), seen = __atomic_load_n(at, __ATOMIC_RELAXED);
    unsigned shift = shift_of(p);
    for (;;) {
        uint8_t byte = (uint8_t)(seen >> shift);
        if (byte != *expected) {
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
            *expected = byte;
            return 0;
        }
        word new = (seen & ~((uint32_t)255 << shift)) | (uint32_t)value << shift;
        if (__atomic_compare_exchange_n(at, &seen, new, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return 1;
    }
}

#endif
