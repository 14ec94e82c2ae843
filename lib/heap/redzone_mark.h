/* The marks of red zones, for those who write them and those who read a heap from outside: a hash of the caller's
 * address, the number of the caller's bytes and the heap's secret.
 *
 * Each byte of a mark is even and above 127, so no text matches one by chance; and its upper two say that a block may
 * be free (slab/block.h). */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "engine/classes.h"
#include "slab/block.h"

enum {
    REDZONE_HEAD_BYTES = 16, /* of the tail too */
    REDZONE_FILL_BYTES = 8,  /* the caller's bytes are 8 more than a multiple of 16 */
    REDZONE_ALIGN_BYTES = 16,
    REDZONE_CELL_MAX = 4096,
    REDZONE_BYTES_MAX = 64 * 1024,
    REDZONE_NATURAL_MAX = CLASS_BYTES_MAX, /* powers of two up to this lie at a multiple of themselves, as in slabs */
};

struct redzone_end {
    uint64_t bytes;
    uint64_t mark;
};

/* Where in a block of level 2 the caller's bytes may begin. */
static const uint16_t redzone_places[] = {REDZONE_HEAD_BYTES, 2048, 4096};

enum redzone_salt { SALT_HEAD, SALT_FREED, SALT_TAIL, SALT_FILL };

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

INLINE uint64_t redzone_hash(uint64_t address, uint64_t bytes, uint64_t secret) {
    uint64_t x = (address ^ secret) * UINT64_C(0x9e3779b97f4a7c15) + bytes;
    return (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
}

INLINE uint64_t redzone_mark(uint64_t hash, enum redzone_salt salt) {
    uint64_t x = ((hash >> (8 * salt)) | EACH_BYTE(0x80)) & EACH_BYTE(0xfe);
    return x << 16 >> 16 | (uint64_t)BLOCK_KEY_UPPER << 48;
}

/* Bytes of a block with its red zones. */
INLINE size_t redzone_whole(size_t usable) {
    return REDZONE_HEAD_BYTES + usable + REDZONE_FILL_BYTES + REDZONE_HEAD_BYTES;
}
