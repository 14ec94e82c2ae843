/* Size classes: the tables, and the class for an aligned request. */
/* SPDX-License-Identifier: MIT */
#include "engine/classes.h"

#define SHAPE(bytes) \
    { (uint32_t)((UINT64_C(1) << 32) / (bytes)) + 1, (bytes), UNIT_BYTES / (bytes) }

STARTUP_CONST const struct class_shape class_shapes[CLASS_COUNT] = {
    {0, 0, 0},   SHAPE(16),   SHAPE(32),   SHAPE(48),   SHAPE(64),   SHAPE(80),   SHAPE(96),   SHAPE(112),  SHAPE(128),
    SHAPE(144),  SHAPE(160),  SHAPE(176),  SHAPE(192),  SHAPE(208),  SHAPE(224),  SHAPE(240),  SHAPE(256),  SHAPE(272),
    SHAPE(288),  SHAPE(304),  SHAPE(320),  SHAPE(336),  SHAPE(352),  SHAPE(368),  SHAPE(384),  SHAPE(400),  SHAPE(416),
    SHAPE(432),  SHAPE(448),  SHAPE(464),  SHAPE(480),  SHAPE(496),  SHAPE(512),  SHAPE(576),  SHAPE(640),  SHAPE(704),
    SHAPE(768),  SHAPE(832),  SHAPE(896),  SHAPE(960),  SHAPE(1024), SHAPE(1088), SHAPE(1152), SHAPE(1216), SHAPE(1344),
    SHAPE(1472), SHAPE(1600), SHAPE(1792), SHAPE(2048), SHAPE(2304), SHAPE(2688), SHAPE(3264), SHAPE(4096),
};

/* Entry i serves 64 * i + 1 .. 64 * i + 64; the first eight are never read. */
STARTUP_CONST const uint8_t class_by_64[CLASS_BYTES_MAX / 64] = {
    4,  8,  12, 16, 20, 24, 28, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 44, 45,
    45, 46, 46, 47, 47, 47, 48, 48, 48, 48, 49, 49, 49, 49, 50, 50, 50, 50, 50, 50, 51, 51,
    51, 51, 51, 51, 51, 51, 51, 52, 52, 52, 52, 52, 52, 52, 52, 52, 52, 52, 52, 52,
};

size_t class_aligned(size_t size_bytes, size_t align_bytes) {
    if (size_bytes > CLASS_BYTES_MAX || align_bytes - 1 >= CLASS_BYTES_MAX)
        return 0; /* 0 too is no alignment of a class */
    size_t class = class_of(max_size(size_bytes, align_bytes));
    while (class_shapes[class].block_bytes % align_bytes != 0) ++class; /* ends at 4096 at the latest */
    return class;
}
