/* The loads of the fill measurement: sizes of blocks, and which block goes next. */
/* SPDX-License-Identifier: MIT */
#include "load.h"

/* Source: Marsaglia, Xorshift RNGs, J. Stat. Software 2003; the multiplication is Vigna's. */
uint64_t dice_below(struct dice *dice, uint64_t bound) {
    uint64_t x = dice->state;
    x ^= x >> 12, x ^= x << 25, x ^= x >> 27;
    dice->state = x;
    return (x * UINT64_C(0x2545f4914f6cdd1d) >> 32) * bound >> 32;
}

static size_t evenly(struct dice *dice, size_t least, size_t most) {
    return least + dice_below(dice, most - least + 1);
}

/* Every power of two is equally likely, and sizes are even within it. */
static size_t by_logarithm(struct dice *dice, uint32_t least_shift, uint32_t most_shift) {
    size_t floor = (size_t)1 << (least_shift + dice_below(dice, most_shift - least_shift));
    return floor + dice_below(dice, floor);
}

static size_t tiny(struct dice *dice) {
    return evenly(dice, 1, 64);
}
static size_t little(struct dice *dice) {
    return evenly(dice, 16, 256);
}
static size_t powers(struct dice *dice) {
    return (size_t)16 << dice_below(dice, 9);
}
static size_t log_8k(struct dice *dice) {
    return by_logarithm(dice, 4, 13);
}
static size_t log_64k(struct dice *dice) {
    return by_logarithm(dice, 6, 16);
}
static size_t ten_k(struct dice *dice) {
    return evenly(dice, 1000, 10000);
}

/* Full-frame packets, short ones, and the control blocks of connections. */
static size_t network(struct dice *dice) {
    uint64_t throw = dice_below(dice, 100);
    if (throw < 30) return 1536;
    if (throw < 60) return evenly(dice, 64, 128);
    return throw < 95 ? 256 : evenly(dice, 2048, 4096);
}

const struct load loads[] = {
    {"1-64 B", tiny},           {"16-256 B", little},         {"powers to 4 KiB", powers},
    {"log 16 B-8 KiB", log_8k}, {"log 64 B-64 KiB", log_64k}, {"network mix", network},
    {"1-10 KB", ten_k},
};
const size_t load_count = sizeof loads / sizeof *loads;
