/* Big-endian numbers at any address. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

static inline uint32_t big32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline uint64_t big64(const uint8_t *bytes) {
    return (uint64_t)big32(bytes) << 32 | big32(bytes + 4);
}
