/* Blocks that grow by steps. What a block gained is touched, a byte a page, so that the peak of resident memory, shown
 * by `ops OP malloc peak`, is what a program would see that fills its blocks. */
/* SPDX-License-Identifier: MIT */
#include "grow.h"

enum { BLOCKS_MAX = 200, PAGE_BYTES = 4096 };

/* NULL when the calls do nothing. */
static void touch(char *block, size_t from, size_t to) {
    if (!block) return;
    for (size_t at = from; at < to; at += PAGE_BYTES) block[at] = 1;
    block[to - 1] = 1;
}

/* Runs until `steps` steps were done, each of one block; frees all blocks when they have `last_bytes`. */
static void grow_in_turn(const struct op *op, size_t steps) {
    static void *blocks[BLOCKS_MAX];
    if (op->blocks > BLOCKS_MAX) abort();
    for (size_t done = 0; done < steps;) {
        for (size_t i = 0; i < op->blocks; i++) blocks[i] = NULL;
        for (size_t bytes = op->size_bytes; bytes <= op->last_bytes; bytes += op->size_bytes, done += op->blocks) {
            for (size_t i = 0; i < op->blocks; i++) {
                blocks[i] = calls.realloc(blocks[i], bytes);
                touch(blocks[i], bytes - op->size_bytes, bytes);
            }
        }
        for (size_t i = 0; i < op->blocks; i++) calls.free(blocks[i]);
    }
}

void run_grow(const struct op *op) {
    grow_in_turn(op, 1);
    count_begin();
    grow_in_turn(op, count_of(op));
    count_end();
}

static void double_in_turn(const struct op *op, size_t steps) {
    static void *blocks[BLOCKS_MAX];
    if (op->blocks > BLOCKS_MAX) abort();
    for (size_t done = 0; done < steps;) {
        for (size_t i = 0; i < op->blocks; i++) blocks[i] = calls.malloc(op->size_bytes);
        for (size_t bytes = 2 * op->size_bytes; bytes <= op->last_bytes; bytes *= 2, done += op->blocks)
            for (size_t i = 0; i < op->blocks; i++) blocks[i] = calls.realloc(blocks[i], bytes);
        for (size_t i = 0; i < op->blocks; i++) calls.free(blocks[i]);
    }
}

void run_double(const struct op *op) {
    double_in_turn(op, 100 * op->blocks);
    count_begin();
    double_in_turn(op, count_of(op));
    count_end();
}
