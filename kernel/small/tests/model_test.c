/* The small heap against a model with contents, every equation checked after every step; memory used up, fragmented,
 * and merged again. */
/* SPDX-License-Identifier: MIT */
#include "small_test.h"
#include <string.h>

enum { BLOCKS = 400, STEPS = 60000, ALL_MAX = 4000, SIZE = 200 };

char ram[RAM_BYTES], more[RAM_BYTES];
static void *all[ALL_MAX];
static uint32_t state = 1;

void begin(void) {
    if (small.regions) return;
    expect(heap_alloc(1) == NULL && !heap_init(ram, 200));
    expect(heap_init(ram + 3, RAM_BYTES - 5) && !heap_init(more, RAM_BYTES));
}

static bool holds(void) {
    return !config_checked || expect(small_check() == NULL);
}

static uint32_t below(uint32_t bound) {
    state = state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)state * bound >> 32);
}

/* ---- used up, and whole again ---------------------------------------------------------------- */

/* The largest block that is served, found by bisection; free memory is one block, or nearly. */
static size_t largest(void) {
    size_t served = 0, refused = 2 * RAM_BYTES;
    while (refused - served > 1) {
        size_t middle = (served + refused) / 2;
        void *p = heap_alloc(middle);
        heap_free(p);
        *(p ? &served : &refused) = middle;
    }
    return served;
}

/* Everything comes back: except for a slab of each size, kept for the next requests, a region is one block again. */
static void expect_one_block(size_t regions) {
    struct small_stats stats;
    if (!config_checked || !holds()) return;
    small_stats(&stats);
    expect(stats.slabs <= SLAB_CLASSES);
    expect(stats.used_bytes == stats.slabs * (SLAB_BYTES + GRANULE_BYTES));
    expect(stats.free_blocks <= regions + stats.slabs * 2);
    if (stats.slabs == 0) expect(stats.free_blocks == regions);
}

/* Up to the last byte: a refused request is larger than the largest free block. */
static size_t take_all(void) {
    struct small_stats stats = {0};
    size_t count = 0;
    while (count < ALL_MAX && (all[count] = heap_alloc(SIZE))) memset(all[count++], 1, SIZE);
    if (config_checked) small_stats(&stats);
    expect(holds() && stats.largest_bytes < SIZE);
    return count;
}

static void give_every(size_t count, size_t stride) {
    for (size_t i = 0; i < count; i += stride) heap_free(all[i]), all[i] = NULL;
    holds();
}

KTEST(small, is_used_up_and_recovers) {
    begin();
    size_t whole = largest();
    expect(whole > RAM_BYTES * 95 / 100);
    for (int turn = 0; turn < 3; turn++) {
        size_t count = take_all();
        expect(count * (SIZE + 8) > RAM_BYTES * 9 / 10);
        expect(heap_alloc(SIZE) == NULL && heap_alloc_zeroed(SIZE) == NULL);
        expect(heap_alloc_aligned(SIZE, 64) == NULL);
        expect(heap_realloc(all[0], 2 * SIZE) == NULL && *(char *)all[0] == 1);
        heap_free(all[count / 2]);
        all[count / 2] = heap_alloc(SIZE);
        expect(all[count / 2] != NULL);
        give_every(count, 2);
        expect(heap_alloc(1000) == NULL); /* half is free, in pieces */
        give_every(count, 1);
        expect(heap_realloc(NULL, SIZE_MAX) == NULL && heap_alloc(SIZE_MAX - 8) == NULL);
        expect(largest() == whole);
    }
    expect_one_block(1);
}

KTEST(small, pieces_become_one_block_again) {
    begin();
    size_t whole = largest(), count = 0;
    while (count < ALL_MAX && (all[count] = heap_alloc(SLAB_MOST + 1 + below(600)))) count++;
    expect(count > RAM_BYTES / 600 && largest() < 800);
    give_every(count, 7);
    give_every(count, 3);
    expect(largest() < whole / 4);
    give_every(count, 1);
    expect(largest() == whole);
    expect_one_block(1);
}

/* ---- model ----------------------------------------------------------------------------------- */

static struct {
    unsigned char *at;
    size_t size;
    unsigned char seed;
} blocks[BLOCKS];

static size_t any_size(void) {
    return below(4) ? below(SLAB_MOST + 40) : below(1u << (4 + below(10)));
}

static bool is_inside(const void *p, size_t size, const char *memory) {
    return (const char *)p >= memory && (const char *)p + size <= memory + RAM_BYTES;
}

static void fill(int i, size_t size) {
    blocks[i].size = size;
    blocks[i].seed = (unsigned char)below(256);
    memset(blocks[i].at, blocks[i].seed, size);
}

static bool is_all(const unsigned char *bytes, size_t size, unsigned char wanted) {
    for (size_t at = 0; at < size; at++)
        if (bytes[at] != wanted) return false;
    return true;
}

static bool new_block(int i) {
    size_t size = any_size(), align = below(8) ? 16 : (size_t)16 << below(8);
    bool zeroed = align == 16 && below(3) == 0;
    unsigned char *p = align > 16 ? heap_alloc_aligned(size, align)
                       : zeroed   ? heap_alloc_zeroed(size)
                                  : heap_alloc(size);
    blocks[i].at = p;
    if (!p) return true;
    if (!expect((uintptr_t)p % align == 0) || !expect(!zeroed || is_all(p, size, 0)) ||
        !expect(is_inside(p, size, ram) || is_inside(p, size, more)))
        return false;
    fill(i, size);
    return true;
}

static bool resize_block(int i) {
    size_t size = 1 + any_size(), kept = min_size(size, blocks[i].size);
    void *p = heap_realloc(blocks[i].at, size);
    if (!p) return true;
    blocks[i].at = p;
    if (!expect(is_all(p, kept, blocks[i].seed))) return false;
    fill(i, size);
    return true;
}

static bool step(void) {
    int i = (int)below(BLOCKS);
    if (!blocks[i].at) return new_block(i);
    if (!expect(is_all(blocks[i].at, blocks[i].size, blocks[i].seed))) return false;
    if (below(3) == 0) return resize_block(i);
    heap_free(blocks[i].at);
    blocks[i].at = NULL;
    return true;
}

KTEST(small, model_agrees_and_check_holds_after_every_step) {
    begin();
    expect(!heap_add_region(ram + 5000, 5000) && heap_add_region(more, RAM_BYTES));
    for (int i = 0; i < STEPS; i++) require(step() && holds());
    for (int i = 0; i < BLOCKS; i++) heap_free(blocks[i].at), blocks[i].at = NULL;
    for (int i = 1; i <= SLAB_CLASSES; i++) expect(!small.slabs[i] || !small.slabs[i]->next);
    expect_one_block(2);
    size_t count = take_all();
    expect(count * (SIZE + 8) > 2 * RAM_BYTES * 9 / 10);
    give_every(count, 1);
    expect_one_block(2);
}
