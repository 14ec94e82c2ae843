/* The counted operations themselves: the rows of the instruction table. Each warms up first, then counts. */
/* SPDX-License-Identifier: MIT */
#include "grow.h"
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

/* Of a block behind the first ones, which may have red zones that a question checks. */
static void run_usable(const struct op *op) {
    void *block = calls.malloc(op->size_bytes);
    for (int i = 0; i < 20; i++) block = calls.malloc(op->size_bytes);
    size_t sum = calls.usable(block);
    count_begin();
    for (size_t i = 0; i < count_of(op); i++) sum += calls.usable(block);
    count_end();
    if (sum == 0) abort();
}

static void run_in_use(const struct op *op) {
    for (size_t i = 0; i < op->blocks; i++)
        if (!calls.malloc(op->size_bytes)) abort();
    size_t sum = calls.in_use();
    count_begin();
    for (size_t i = 0; i < count_of(op); i++) sum += calls.in_use();
    count_end();
    if (sum == SIZE_MAX) abort(); /* 0 where the allocator leaves mallinfo2() to libc */
}

#define KIB (1024ul)
#define MIB (1024ul * 1024ul)

const struct op ops[] = {
    {"pair_64", run_pair, 50000, 20, 64, 0, 0},
    {"pair_500", run_pair, 50000, 20, 500, 0, 0},
    {"pair_2k", run_pair, 50000, 20, 2 * KIB, 0, 0},
    {"pair_6k", run_pair, 50000, 20, 6 * KIB, 0, 0},
    {"pair_16k", run_pair, 50000, 20, 16 * KIB, 0, 0},
    {"pair_64k", run_pair, 50000, 20, 64 * KIB, 0, 0},
    {"pair_256k", run_pair, 5000, 20, 256 * KIB, 0, 0},
    {"pair_1m", run_pair, 5000, 20, MIB, 0, 0},
    {"pair_4m", run_pair, 5000, 20, 4 * MIB, 0, 0},
    {"batch_64", run_batch, 50 * SLOTS, 100, 64, 0, 0},
    {"batch_4k", run_batch, 20 * SLOTS, 100, 4 * KIB, 0, 0},
    {"random_500", run_random_even, 100000, 100, 500, 0, 0},
    {"random_1000", run_random_even, 100000, 100, 1000, 0, 0},
    {"random_16000", run_random_linear, 100000, 100, 16000, 0, 0},
    {"random_32000", run_random_linear, 100000, 100, 32000, 0, 0},
    {"random_64000", run_random_even, 100000, 0, 64000, 0, 0},
    {"calloc_64", run_calloc, 50000, 20, 64, 0, 0},
    {"calloc_1000", run_calloc, 50000, 20, 1000, 0, 0},
    {"realloc_within", run_realloc_within, 50000, 20, 64, 0, 0},
    {"usable_size", run_usable, 50000, 20, 64, 0, 0},
    {"in_use_8000", run_in_use, 20, 0, 8000, 0, 10000},
    {"remote_free", run_remote_free, 50 * REMOTE_BLOCKS, 100, 64, 0, 0},
    {"remote_again", run_remote_again, 50 * REMOTE_BLOCKS, 100, 64, 0, 0},
    {"double_16", run_double, 200 * 20 * 6, 0, 16, KIB, 20},
    {"realloc_grow", run_grow, 16384, 0, 4 * KIB, 64 * MIB, 1},
    {"grow_64", run_grow, 10 * KIB, 0, 64, 64 * KIB, 1},
    {"grow_4k", run_grow, 10 * 256, 0, 4 * KIB, MIB, 1},
    {"grow_20_by_700", run_grow, 20 * 585, 0, 700, 400 * KIB, 20},
    {"grow_20_by_4k", run_grow, 20 * 100, 0, 4 * KIB, 400 * KIB, 20},
    {"grow_100_by_700", run_grow, 100 * 146, 0, 700, 100 * KIB, 100},
    {NULL, NULL, 0, 0, 0, 0, 0},
};
