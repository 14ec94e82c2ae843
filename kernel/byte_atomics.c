/* Atomic operations on bytes and half words, for processors with atomic words only (RISC-V without Zabha): gcc calls
 * these.
 *
 * The whole word is exchanged, with its other bytes unchanged. Add this file to a kernel whose linker misses
 * __atomic_exchange_1 or the like and that links no libatomic; elsewhere it adds only unused functions. */
/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>

/* The word that contains `p`, and the value's shift in it; little endian. */
struct place {
    volatile uint32_t *word;
    uint32_t shift;
};

static struct place place_of(volatile void *p) {
    uintptr_t at = (uintptr_t)p;
    return (struct place){(volatile uint32_t *)(at & ~(uintptr_t)3), (uint32_t)(at & 3) * 8};
}

/* Store `new` under `mask` if `*old` is there; otherwise load the present value into `*old`. */
static bool replace(struct place place, uint32_t mask, uint32_t *old, uint32_t new) {
    uint32_t seen = __atomic_load_n(place.word, __ATOMIC_RELAXED);
    do {
        uint32_t now = seen >> place.shift & mask;
        if (now != *old) {
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
            *old = now;
            return false;
        }
    } while (!__atomic_compare_exchange_n(place.word, &seen, (seen & ~(mask << place.shift)) | new << place.shift,
                                          false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    return true;
}

static uint32_t exchange(struct place place, uint32_t mask, uint32_t new) {
    uint32_t old = __atomic_load_n(place.word, __ATOMIC_RELAXED) >> place.shift & mask;
    while (!replace(place, mask, &old, new)) {
    }
    return old;
}

/* gcc knows these names and their types, and would warn of ours. */
uint8_t byte_exchange(volatile void *p, uint8_t new, int order) __asm__("__atomic_exchange_1");
uint8_t byte_exchange(volatile void *p, uint8_t new, int order) {
    (void)order;
    return (uint8_t)exchange(place_of(p), 0xff, new);
}

uint16_t half_exchange(volatile void *p, uint16_t new, int order) __asm__("__atomic_exchange_2");
uint16_t half_exchange(volatile void *p, uint16_t new, int order) {
    (void)order;
    return (uint16_t)exchange(place_of(p), 0xffff, new);
}

bool byte_compare(volatile void *p, uint8_t *old, uint8_t new, int yes, int no) __asm__("__atomic_compare_exchange_1");
bool byte_compare(volatile void *p, uint8_t *old, uint8_t new, int yes, int no) {
    uint32_t wanted = *old;
    (void)yes, (void)no;
    bool done = replace(place_of(p), 0xff, &wanted, new);
    *old = (uint8_t)wanted;
    return done;
}

bool half_compare(volatile void *p, uint16_t *old, uint16_t new, int yes,
                  int no) __asm__("__atomic_compare_exchange_2");
bool half_compare(volatile void *p, uint16_t *old, uint16_t new, int yes, int no) {
    uint32_t wanted = *old;
    (void)yes, (void)no;
    bool done = replace(place_of(p), 0xffff, &wanted, new);
    *old = (uint16_t)wanted;
    return done;
}

#define FETCH(name, bytes, type, expression)                                                                 \
    type name##_##bytes(volatile void *p, type by, int order) __asm__("__atomic_" #name "_" #bytes);         \
    type name##_##bytes(volatile void *p, type by, int order) {                                              \
        struct place place = place_of(p);                                                                    \
        uint32_t mask = (type)-1, old = __atomic_load_n(place.word, __ATOMIC_RELAXED) >> place.shift & mask; \
        (void)order;                                                                                         \
        while (!replace(place, mask, &old, (expression)&mask)) {                                             \
        }                                                                                                    \
        return (type)old;                                                                                    \
    }
FETCH(fetch_or, 1, uint8_t, old | by)
FETCH(fetch_or, 2, uint16_t, old | by)
FETCH(fetch_and, 1, uint8_t, old &by)
FETCH(fetch_and, 2, uint16_t, old &by)
FETCH(fetch_add, 1, uint8_t, old + by)
FETCH(fetch_add, 2, uint16_t, old + by)
FETCH(fetch_sub, 1, uint8_t, old - by)
FETCH(fetch_sub, 2, uint16_t, old - by)
