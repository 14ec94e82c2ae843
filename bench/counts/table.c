/* The counted operations themselves: the rows of the instruction table. Each warms up first, then counts. */
/* SPDX-License-Identifier: MIT */
#include "ops.h"
#include "random.h"
#include "remote.h"

enum { SLOTS = 1000 };

static void *slots[SLOTS];

static void pairs(size_t count, size_t size_bytes) {
    for (size_t i = 0; i < count; i++) calls.free(calls.malloc(size_bytes));
}

static void run_pair(const struct op *op) {
    pairs(count_of(op), op->size_bytes);
    count_begin();
    pairs(count_of(op), op->size_bytes);
    count_end();
}

static void batches(size_t count, size_t size_bytes) {
    size_t blocks = count < SLOTS ? count : SLOTS;
    for (size_t done = 0; done < count; done += blocks) {
        for (size_t i = 0; i < blocks; i++) slots[i] = calls.malloc(size_bytes);
        for (size_t i = 0; i < blocks; i++) calls.free(slots[i]);
    }
}

static void run_batch(const struct op *op) {
    batches(count_of(op), op->size_bytes);
    count_begin();
    batches(count_of(op), op->size_bytes);
    count_end();
}

/* The sequence of slots and sizes is computed before the marks: only loads remain between them. */
struct replacement {
    uint32_t slot;
    uint32_t size_bytes;
};

static void replace(const struct replacement *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        void **slot = &slots[list[i].slot];
        calls.free(*slot);
        *slot = calls.malloc(list[i].size_bytes);
    }
}

static struct replacement *plan(size_t count, uint32_t (*size_of)(uint64_t *, uint32_t), uint32_t max_bytes) {
    struct replacement *list = malloc(count * sizeof *list);
    uint64_t random = 42;
    if (!list) abort();
    for (size_t i = 0; i < count; i++) {
        list[i].slot = random_next(&random) % SLOTS;
        list[i].size_bytes = size_of(&random, max_bytes);
    }
    return list;
}

static uint32_t size_even(uint64_t *random, uint32_t max_bytes) {
    return 10 + random_next(random) % (max_bytes - 9);
}

/* The smaller of two uniform draws: large blocks are proportionally rare, as in rptest's linear mode. */
static uint32_t size_linear(uint64_t *random, uint32_t max_bytes) {
    uint32_t a = 8 + random_next(random) % (max_bytes - 7);
    uint32_t b = 8 + random_next(random) % (max_bytes - 7);
    return a < b ? a : b;
}

static void run_replace(const struct op *op, uint32_t (*size_of)(uint64_t *, uint32_t)) {
    struct replacement *list = plan(op->count + count_of(op), size_of, (uint32_t)op->size_bytes);
    replace(list, op->count);
    count_begin();
    replace(list + op->count, count_of(op));
    count_end();
}

static void run_random_even(const struct op *op) {
    run_replace(op, size_even);
}

static void run_random_linear(const struct op *op) {
    run_replace(op, size_linear);
}

static void callocs(size_t count, size_t size_bytes) {
    for (size_t i = 0; i < count; i++) calls.free(calls.calloc(1, size_bytes));
}

static void run_calloc(const struct op *op) {
    callocs(count_of(op), op->size_bytes);
    count_begin();
    callocs(count_of(op), op->size_bytes);
    count_end();
}

static void run_realloc_within(const struct op *op) {
    void *block = calls.malloc(op->size_bytes);
    block = calls.realloc(block, op->size_bytes - 2);
    count_begin();
    for (size_t i = 0; i < count_of(op); i++) block = calls.realloc(block, op->size_bytes - (i & 3));
    count_end();
}

static void run_usable(const struct op *op) {
    void *block = calls.malloc(op->size_bytes);
    size_t sum = calls.usable(block);
    count_begin();
    for (size_t i = 0; i < count_of(op); i++) sum += calls.usable(block);
    count_end();
    if (sum == 0) abort();
}

static void grow(size_t count, size_t step_bytes) {
    void *block = NULL;
    for (size_t i = 1; i <= count; i++) block = calls.realloc(block, i * step_bytes);
    calls.free(block);
}

static void run_realloc_grow(const struct op *op) {
    grow(count_of(op), op->size_bytes);
    count_begin();
    grow(count_of(op), op->size_bytes);
    count_end();
}

#define KIB (1024ul)
#define MIB (1024ul * 1024ul)

const struct op ops[] = {
    {"pair_64", run_pair, 50000, 20, 64},
    {"pair_500", run_pair, 50000, 20, 500},
    {"pair_2k", run_pair, 50000, 20, 2 * KIB},
    {"pair_6k", run_pair, 50000, 20, 6 * KIB},
    {"pair_16k", run_pair, 50000, 20, 16 * KIB},
    {"pair_64k", run_pair, 50000, 20, 64 * KIB},
    {"pair_256k", run_pair, 5000, 20, 256 * KIB},
    {"pair_1m", run_pair, 5000, 20, MIB},
    {"pair_4m", run_pair, 5000, 20, 4 * MIB},
    {"batch_64", run_batch, 50 * SLOTS, 100, 64},
    {"random_500", run_random_even, 100000, 100, 500},
    {"random_1000", run_random_even, 100000, 100, 1000},
    {"random_16000", run_random_linear, 100000, 100, 16000},
    {"calloc_64", run_calloc, 50000, 20, 64},
    {"realloc_within", run_realloc_within, 50000, 20, 64},
    {"usable_size", run_usable, 50000, 20, 64},
    {"remote_free", run_remote_free, 50 * REMOTE_BLOCKS, 100, 64},
    {"remote_again", run_remote_again, 50 * REMOTE_BLOCKS, 100, 64},
    {"realloc_grow", run_realloc_grow, 16384, 0, 4 * KIB},
    {NULL, NULL, 0, 0, 0},
};
