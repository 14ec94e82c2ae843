/* Sums of samples, and what each sample stands for. */
/* SPDX-License-Identifier: MIT */
#include "profile_sums.h"
#include "heap/fast.h"

/* Computes 1 - exp(-x), x > 0, by the series e of exp(y) - 1 for a small y, then doubling: exp(2y) - 1 = e (e + 2). */
static double part_told(double x) {
    int doublings = 0;
    if (x > 40) return 1;
    for (; x > 0.03; doublings++) x /= 2;
    double e = -x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5))));
    for (; doublings > 0; doublings--) e *= e + 2;
    return -e;
}

/* How many blocks a sample stands for, in 65536ths. */
static uint64_t weight_of(size_t size, uint64_t rate) {
    return rate <= 1 ? 1 << 16 : (uint64_t)(65536 / part_told((double)size / (double)rate) + 0.5);
}

uint64_t profile_weight(size_t size, uint64_t rate) {
    return weight_of(size, rate) * size >> 16;
}

uint64_t profile_sums_add(struct profile_sums *sums, size_t size, uint64_t rate) {
    uint64_t weight = weight_of(size, rate);
    store_relaxed(sums->blocks, sums->blocks + 1);
    store_relaxed(sums->bytes, sums->bytes + size);
    store_relaxed(sums->objects_16, sums->objects_16 + weight);
    store_relaxed(sums->space_16, sums->space_16 + weight * size);
    return weight * size;
}

struct profile_sums profile_sums_read(const struct profile_sums *sums) {
    return (struct profile_sums){load_relaxed(sums->blocks), load_relaxed(sums->bytes), load_relaxed(sums->objects_16),
                                 load_relaxed(sums->space_16)};
}

static uint64_t less(uint64_t taken, uint64_t freed) {
    return taken > freed ? taken - freed : 0;
}

struct profile_sums profile_sums_less(struct profile_sums taken, struct profile_sums freed) {
    return (struct profile_sums){less(taken.blocks, freed.blocks), less(taken.bytes, freed.bytes),
                                 less(taken.objects_16, freed.objects_16), less(taken.space_16, freed.space_16)};
}
