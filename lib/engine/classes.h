/* Size classes: which block size serves a request, and how blocks of one size tile a unit.
 *
 *   16, 32, 48 ... 512            class = size / 16, rounded up: no table on the most common path
 *   576, 640 ... 1024             steps of 64
 *   1088 ... 4096                 the largest multiples of 64 that fit 15, 14 ... 4 times into a unit
 *
 * All are multiples of 16; powers of two tile a unit from its start and so are aligned to their size.
 *
 * Is `offset` the start of a block? With e = recip * block - 2^32, recip = 2^32 / block + 1 and so 0 < e <= block:
 *     offset = k * block + r   =>   low32(offset * recip) = k * e + r * recip
 * which is below (blocks * e) exactly when r == 0 and k < blocks, because r * recip >= 2^20 > 16384 >= k * e.
 * One multiplication and one comparison thus prove both that a pointer is a block's start and that the block was
 * ever handed out. After Lemire, Kaser, Kurz: Faster remainder by direct computation, SPE 2019, section 3.2. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"

enum {
    UNIT_SHIFT = 14,
    UNIT_BYTES = 1 << UNIT_SHIFT,
    CLASS_TINY_BYTES = 512, /* up to here a class is a quotient */
    CLASS_BYTES_MAX = 4096, /* beyond, blocks come from the medium level */
    CLASS_COUNT = 53,       /* 0 is no class: requests of 0 bytes go to class 1 by the slow path */
    BLOCK_ALIGN_BYTES = 16,
};

struct class_shape {
    uint32_t recip; /* 2^32 / block_bytes + 1 */
    uint16_t block_bytes;
    uint16_t capacity_blocks; /* per unit */
};

extern const struct class_shape class_shapes[CLASS_COUNT] __attribute__((visibility("hidden")));
extern const uint8_t class_by_64[CLASS_BYTES_MAX / 64] __attribute__((visibility("hidden")));

/* Class of a request of 513..CLASS_BYTES_MAX bytes. */
INLINE size_t class_of_wide(size_t size_bytes) {
    return class_by_64[(size_bytes - 1) >> 6];
}

/* Class of a request of 1..CLASS_BYTES_MAX bytes. */
INLINE size_t class_of(size_t size_bytes) {
    return size_bytes <= CLASS_TINY_BYTES ? (size_bytes + 15) >> 4 : class_of_wide(size_bytes);
}

/* How much one more block adds to start_limit: the e above. */
INLINE uint32_t class_start_step(const struct class_shape *shape) {
    return shape->recip * shape->block_bytes;
}

/* Smallest class that holds size_bytes at a multiple of align_bytes (a power of two); 0: there is none. */
size_t class_aligned(size_t size_bytes, size_t align_bytes);
