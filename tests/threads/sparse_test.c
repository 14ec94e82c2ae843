/* A little of much: blocks of which few pages are touched make no more than those resident, however large the heap is, and
 * whatever advice was given for the memory before. */
#include "team.h"
#include <malloc.h>
#include <sys/mman.h>

enum { MIB = 1 << 20, PAGE_BYTES = 4096 };

static void expect_grown_by(size_t before, size_t touched) {
    size_t now = resident_bytes();
    printf("touched %zu KiB, resident %zu KiB more\n", touched >> 10, (now - before) >> 10);
    expect_at(now <= before + touched + touched / 4 + 4 * MIB, now, before);
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

/* The tick goes on in a heap that is large and sparse, and makes no more of it resident. */
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

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
