/* Sparsely touched blocks: only the touched pages become resident, however large the heap is, and whatever advice was
 * given for the memory before. */
/* SPDX-License-Identifier: MIT */
#include "team.h"
#include <malloc.h>
#include <sys/mman.h>

enum { MIB = 1 << 20, PAGE_BYTES = 4096 };

static void expect_grown_by(size_t before, size_t touched) {
    size_t now = resident_bytes();
    printf("touched %zu KiB, resident %zu KiB more\n", touched >> 10, (now - before) >> 10);
    expect_at(now, before, 0);
    expect(now <= before + touched + touched / 4 + 4 * MIB);
}

CASE(aligned_blocks_in_a_large_heap) {
    size_t before = resident_bytes();
    for (int i = 0; i < 1000; i++) {
        char *block = memalign(2 * MIB, 64);
        expect(block != NULL);
        *block = 1;
    }
    expect_grown_by(before, 1000 * (2 * PAGE_BYTES));
}

CASE(huge_block_touched_here_and_there) {
    uint64_t random = 1;
    char *block = calloc(1, (size_t)4 << 30), *large = malloc((size_t)1200 * MIB);
    expect(block != NULL && large != NULL);
    size_t before = resident_bytes();
    for (int i = 0; i < 1000; i++) block[next_random(&random) % ((uint64_t)4 << 30)] = 1;
    for (int i = 0; i < 1000; i++) large[next_random(&random) % ((uint64_t)1200 * MIB)] = 1;
    expect_grown_by(before, 2000 * (2 * PAGE_BYTES));
}

/* Zeroed blocks of which a page is touched, in the place of such blocks that were freed and not purged yet. */
CASE(zeroed_blocks_are_used_again) {
    enum { TOTAL = 16 * MIB, ROUNDS = 5 };
    static char *blocks[TOTAL / 300000];
    size_t before = resident_bytes();
    for (size_t bytes = 300000; bytes < 5 * MIB; bytes *= 2)
        for (int round = 0; round < ROUNDS; round++) {
            size_t count = TOTAL / bytes;
            for (size_t i = 0; i < count; i++) {
                blocks[i] = calloc(1, bytes);
                expect(blocks[i] != NULL && blocks[i][0] == 0 && blocks[i][bytes / 2] == 0);
                blocks[i][0] = 1;
            }
            expect_grown_by(before, count * (3 * PAGE_BYTES));
            for (size_t i = 0; i < count; i++) free(blocks[i]);
        }
}

/* Ticks in a large, sparse heap make no more of it resident. */
CASE(time_passes_in_a_sparse_heap) {
    static char *blocks[1500];
    for (int i = 0; i < 1500; i++) {
        blocks[i] = malloc(MIB);
        expect(blocks[i] != NULL);
        blocks[i][i] = 1;
    }
    size_t before = resident_bytes();
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 2000; i++) free(malloc(30 * (size_t)(i % 300)));
        sleep_ms(100);
    }
    expect_grown_by(before, 0);
}

/* As array libraries do: huge pages for arrays of 4 to 8 MiB. The advice ends with the array. */
CASE(advice_of_huge_pages_ends_with_the_block) {
    static char *blocks[60];
    uint64_t random = 7;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 60; i++) {
            size_t bytes = 4 * MIB + next_random(&random) % 1024 * PAGE_BYTES;
            blocks[i] = malloc(bytes);
            expect(blocks[i] != NULL);
            uintptr_t from = ((uintptr_t)blocks[i] + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
            madvise((void *)from, bytes - PAGE_BYTES, MADV_HUGEPAGE);
            memset(blocks[i], 1, bytes);
        }
        for (int i = 0; i < 60; i++) free(blocks[i]);
    }
    malloc_trim(0);
    size_t before = resident_bytes(), touched = 0;
    for (int i = 0; i < 60; i++) {
        blocks[i] = malloc(4 * MIB);
        expect(blocks[i] != NULL);
        for (int k = 0; k < 4; k++, touched += PAGE_BYTES) blocks[i][k * MIB] = 1;
    }
    expect_grown_by(before, touched);
    printf("%zu mappings\n", mappings());
    expect_at(mappings(), 0, 0);
    expect(mappings() <= 64 + 60);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
