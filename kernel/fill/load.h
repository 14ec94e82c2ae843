/* The loads of the fill measurement: sizes of blocks, and which block goes next. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

struct load {
    const char *name;
    size_t (*size)(struct dice *dice);
};

extern const struct load loads[];
extern const size_t load_count;

uint64_t dice_below(struct dice *dice, uint64_t bound); /* 0 .. bound - 1 */
