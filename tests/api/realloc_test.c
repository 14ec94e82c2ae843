/* realloc keeps contents over every jump of size, leaves the block alone when it fails, and frees
 * at size 0. */
/* SPDX-License-Identifier: MIT */
#include "entries.h"
#include "expect.h"
#include <sys/resource.h>

static const size_t sizes[] = {
    0,       1,        8,        15,     16,     17,     24,     32,     33,      48,
    64,      100,      128,      250,    256,    257,    400,    500,    512,     513,
    600,     1000,     1024,     1025,   1500,   2000,   2048,   2049,   3000,    4000,
    4096,    4097,     5000,     8192,   10000,  16384,  16385,  20000,  32768,   40000,
    65536,   65537,    100000,   200000, 262144, 262145, 300000, 524288, 1 << 20, (1 << 20) + 1,
    3 << 20, 16 << 20, 128 << 20};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* Every byte of the first 64 KiB, then one in 1021 (a prime, so no offset within a page is
 * favoured), and the last 64 bytes that must survive. */
static size_t next_place(size_t i, size_t kept) {
    return i < 65536 || (i < kept && i + 64 >= kept) ? i + 1 : i + 1021;
}

static unsigned char value(size_t i, unsigned seed) {
    return (unsigned char)(i * 131 + (i >> 8) * 7 + (i >> 16) + seed);
}

static void fill(unsigned char *block, size_t size, size_t kept, unsigned seed) {
    for (size_t i = 0; i < size; i = next_place(i, kept)) block[i] = value(i, seed);
}

/* Visits the places that fill(.., filled, ..) wrote, as far as they lie below `size`. */
static void expect_start(const unsigned char *block, size_t size, size_t filled, unsigned seed) {
    for (size_t i = 0; i < size; i = next_place(i, filled)) expect(block[i] == value(i, seed));
}

static void expect_filled(const unsigned char *block, size_t kept, unsigned seed) {
    expect_start(block, kept, kept, seed);
}

static void expect_jump_keeps(size_t from, size_t to, unsigned seed) {
    size_t kept = from < to ? from : to;
    unsigned char *block = malloc(from);
    unsigned char *guard = malloc(48);
    expect_at(from, to, 0);
    expect(block != NULL && guard != NULL);
    memset(guard, 0x6b, 48);
    fill(block, from, kept, seed);
    block = realloc(block, to);
    expect((block != NULL) == (to != 0));
    expect_filled(block, kept, seed);
    expect(to == 0 || malloc_usable_size(block) >= to);
    if (to != 0) block[to - 1] = 1;
    expect(guard[0] == 0x6b && guard[47] == 0x6b);
    free(block);
    free(guard);
}

CASE(contents_survive_every_jump_of_size) {
    for (unsigned from = 0; from < SIZES; from++)
        for (unsigned to = 0; to < SIZES; to++) expect_jump_keeps(sizes[from], sizes[to], from * 64 + to);
}

CASE(contents_survive_growth_and_shrinking_in_steps) {
    static const struct { size_t times, over, plus; } steps[] = {{3, 2, 1}, {2, 1, 0}, {1, 1, 4096}, {5, 4, 37}};
    for (unsigned s = 0; s < 4; s++) {
        unsigned char *block = NULL;
        size_t size = 0, limit = steps[s].times == steps[s].over ? 4u << 20 : 64u << 20;
        while (size < limit) {
            size_t next = size * steps[s].times / steps[s].over + steps[s].plus;
            next += next == size;
            expect_at(s, size, next);
            block = realloc(block, next);
            expect(block != NULL);
            expect_filled(block, size, s);
            fill(block, next, next, s);
            free(malloc(next / 2));
            size = next;
        }
        for (size_t filled = size; size > 0; size = size * 3 / 5) {
            block = realloc(block, size);
            expect_at(s, size, 1);
            expect(block != NULL);
            expect_start(block, size, filled, s);
        }
        free(block);
    }
}

/* Neighbours grow in turn, so none can simply grow into free space behind it. */
CASE(interleaved_growth_keeps_all_contents) {
    enum { COUNT = 24 };
    unsigned char *blocks[COUNT] = {NULL};
    size_t sizes_now[COUNT] = {0};
    for (unsigned round = 0; round < 26; round++)
        for (unsigned i = 0; i < COUNT; i++) {
            size_t next = sizes_now[i] * 3 / 2 + 10 + i;
            expect_at(round, i, next);
            blocks[i] = realloc(blocks[i], next);
            expect(blocks[i] != NULL);
            expect_filled(blocks[i], sizes_now[i], i);
            fill(blocks[i], next, next, i);
            sizes_now[i] = next;
        }
    for (unsigned i = 0; i < COUNT; i++) {
        expect_filled(blocks[i], sizes_now[i], i);
        free(blocks[i]);
    }
}

CASE(failure_leaves_the_block_alone) {
    for (unsigned s = 1; s < SIZES; s++) {
        unsigned char *block = malloc(sizes[s]);
        fill(block, sizes[s], sizes[s], s);
        size_t usable = malloc_usable_size(block);
        const size_t wanted[] = {SIZE_MAX, SIZE_MAX - 4096, (size_t)PTRDIFF_MAX + 1, PTRDIFF_MAX, (size_t)1 << 50};
        for (unsigned w = 0; w < 5; w++) {
            expect_at(sizes[s], w, 0);
            errno = 0;
            expect(realloc(block, hide_size(wanted[w])) == NULL && errno == ENOMEM);
            expect(malloc_usable_size(block) == usable);
        }
        expect_filled(block, sizes[s], s);
        free(block);
    }
}

/* 200,000 times 100 KB is 20 GB: if realloc(p, 0) did not free, the limit would be met long before.
 */
CASE(size_zero_frees_and_returns_null) {
    struct rlimit limit = {(rlim_t)24 << 30, (rlim_t)24 << 30};
    expect(setrlimit(RLIMIT_AS, &limit) == 0);
    for (unsigned i = 0; i < 200000; i++) {
        void *block = malloc(100000 + (i % 7) * 40000);
        expect_at(i, 0, 0);
        expect(block != NULL);
        expect(realloc(hide(block), hide_size(0)) == NULL);
    }
    for (unsigned i = 0; i < 1000000; i++) expect(realloc(hide(malloc(24)), hide_size(0)) == NULL);
    void *block = realloc(NULL, hide_size(0));
    expect(block != NULL);
    free(block);
}

CASE(same_size_keeps_the_block) {
    for (unsigned s = 1; s < SIZES; s++) {
        unsigned char *block = malloc(sizes[s]);
        fill(block, sizes[s], sizes[s], s);
        size_t usable = malloc_usable_size(block);
        block = realloc(block, usable);
        expect_at(sizes[s], usable, 0);
        expect(block != NULL && malloc_usable_size(block) >= usable);
        expect_filled(block, sizes[s], s);
        free(block);
    }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
