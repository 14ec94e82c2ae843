/* calloc returns zeroed blocks whatever was there before: small, large, resized, trimmed or left for the decay time. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <malloc.h>
#include <time.h>

enum { BATCH = 6 };

static size_t next_size(size_t size) {
    return size < 4096 ? size + 1 : size + size / 14;
}

static void expect_zeroed(size_t count, size_t size) {
    unsigned char *block = calloc(count, size);
    expect_at(count, size, 0);
    expect(block != NULL);
    expect(is_zero(block, count * size));
    memset(block, 0xee, malloc_usable_size(block));
    free(block);
}

static void dirty(size_t size, unsigned count) {
    void *blocks[BATCH];
    for (unsigned i = 0; i < count; i++) {
        blocks[i] = malloc(size);
        memset(blocks[i], 0xdd, malloc_usable_size(blocks[i]));
    }
    for (unsigned i = 0; i < count; i++) free(blocks[i]);
}

CASE(zero_after_dirty_reuse_at_every_size) {
    for (size_t size = 1; size <= 64u << 20; size = next_size(size)) {
        unsigned count = size < 65536 ? BATCH : 1;
        dirty(size, count);
        for (unsigned i = 0; i < count; i++) expect_zeroed(i % 2 ? size : 1, i % 2 ? 1 : size);
    }
}

CASE(zero_when_many_are_held) {
    static unsigned char *held[20000];
    for (size_t size = 8; size <= 300; size += 28) {
        for (unsigned round = 0; round < 2; round++) {
            for (unsigned i = 0; i < 20000; i++) {
                held[i] = calloc(1, size);
                expect_at(size, round, i);
                expect(is_zero(held[i], size));
                memset(held[i], 0xff, malloc_usable_size(held[i]));
            }
            for (unsigned i = 0; i < 20000; i++) free(held[(i * 7919u) % 20000]);
        }
    }
}

/* The tail that a shrink gives back and the range that a moved block leaves are dirty too. */
CASE(zero_after_resizing) {
    for (size_t size = 64; size <= 48u << 20; size = size * 5 / 3) {
        unsigned char *block = malloc(size);
        memset(block, 0xcc, malloc_usable_size(block));
        block = realloc(block, size / 3);
        expect_zeroed(1, size / 2);
        expect_zeroed(1, size - size / 3);
        void *wall = malloc(100);
        block = realloc(block, size * 2);
        memset(block, 0xcc, size * 2);
        expect_zeroed(1, size / 3);
        block = realloc(block, size * 3);
        expect_zeroed(1, size * 2);
        free(block);
        expect_zeroed(1, size * 3);
        free(wall);
    }
}

CASE(zero_after_trim) {
    for (size_t size = 16; size <= 32u << 20; size = size * 2 + 8) {
        dirty(size, size > 1u << 20 ? 1 : BATCH);
        malloc_trim(0);
        expect_zeroed(1, size);
        expect_zeroed(size, 1);
    }
}

/* By now some of the memory has gone back to the kernel and some has not. */
CASE(zero_after_the_decay_time) {
    static const size_t sizes[] = {64, 1000, 4000, 9000, 70000, 300000, 3 << 20, 20 << 20};
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned s = 0; s < 8; s++) dirty(sizes[s], BATCH);
        nanosleep(&(struct timespec){0, 700000000}, NULL);
        for (unsigned s = 0; s < 8; s++)
            for (unsigned i = 0; i < BATCH; i++) expect_zeroed(1, sizes[s]);
    }
}

CASE(zero_in_aligned_leftovers) {
    for (size_t alignment = 64; alignment <= 4u << 20; alignment *= 2) {
        unsigned char *block = memalign(alignment, 1000);
        memset(block, 0xbb, malloc_usable_size(block));
        expect_zeroed(1, alignment / 2);
        free(block);
        expect_zeroed(1, alignment);
        expect_zeroed(1, alignment + 1000);
    }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
