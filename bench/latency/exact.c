/* Marks every single malloc and free in a heap of many live blocks, for their exact instruction counts by callgrind.
 *
 *   exact objects|any LIVE_BLOCKS OPERATIONS */
#include "mix.h"
#include <stdio.h>
#include <string.h>
#include <valgrind/callgrind.h>

/* The labels of the dumps; the cost of the marks themselves is counted once, around nothing. */
static void *counted_malloc(size_t size_bytes)
{
    CALLGRIND_ZERO_STATS;
    void *block = malloc(size_bytes);
    CALLGRIND_DUMP_STATS_AT("malloc");
    return block;
}

static void counted_free(void *block)
{
    CALLGRIND_ZERO_STATS;
    free(block);
    CALLGRIND_DUMP_STATS_AT("free");
}

static void counted_nothing(void)
{
    CALLGRIND_ZERO_STATS;
    __asm__ volatile("");
    CALLGRIND_DUMP_STATS_AT("nothing");
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: exact objects|any LIVE_BLOCKS OPERATIONS\n");
        return 2;
    }
    size_t (*size_of)(uint64_t *) = strcmp(argv[1], "any") == 0 ? size_any : size_object;
    uint32_t live = (uint32_t)atol(argv[2]), operations = (uint32_t)atol(argv[3]);
    uint64_t random = 42;
    void **slots = own_memory(live * sizeof *slots);
    for (uint32_t i = 0; i < live; i++)
        slots[i] = malloc(size_of(&random));
    /* A heap that was only filled has no holes: replace half before counting. */
    for (uint32_t i = 0; i < live / 2; i++) {
        void **slot = &slots[random_below(&random, live)];
        free(*slot);
        *slot = malloc(size_of(&random));
    }
    CALLGRIND_START_INSTRUMENTATION;
    counted_nothing();
    for (uint32_t i = 0; i < operations; i++) {
        void **slot = &slots[random_below(&random, live)];
        size_t size_bytes = size_of(&random);
        counted_free(*slot);
        *slot = counted_malloc(size_bytes);
    }
    CALLGRIND_STOP_INSTRUMENTATION;
    return 0;
}
