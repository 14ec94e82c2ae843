/* The hardened library: large blocks end in a page that nobody can touch, and freed ones cannot be touched at all. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 40 };
static const size_t sizes[] = {300000, 1 << 20, 5000001, 40 << 20};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static sigjmp_buf back;

static void on_fault(int signal_number) {
    (void)signal_number;
    siglongjmp(back, 1);
}

static bool faults(volatile char *p) {
    if (sigsetjmp(back, 1)) return true;
    *p = 1;
    return false;
}

CASE(freed_blocks_fault) {
    signal(SIGSEGV, on_fault);
    for (unsigned s = 0; s < SIZES; s++)
        for (unsigned i = 0; i < (s == 3 ? 3 : BLOCKS); i++) {
            char *block = memset(malloc(sizes[s]), 1, sizes[s]);
            free(block);
            expect_at(sizes[s], i, 0);
            expect(faults(block) && faults(block + sizes[s] / 2) && faults(block + sizes[s] - 1));
        }
}

CASE(blocks_that_moved_fault) {
    signal(SIGSEGV, on_fault);
    for (unsigned s = 0; s < 3; s++) {
        char *block = memset(malloc(sizes[s]), 1, sizes[s]), *wall = malloc(sizes[s]);
        char *moved = realloc(block, 3 * sizes[s]);
        expect_at(sizes[s], 0, 0);
        expect(moved && moved[sizes[s] - 1] == 1 && (moved == block || faults(block + 100)));
        free(moved);
        free(wall);
    }
}

/* Behind the whole units that a block has; up to there it has a canary. */
CASE(the_page_behind_a_block_faults) {
    static char *blocks[BLOCKS];
    signal(SIGSEGV, on_fault);
    for (unsigned s = 0; s < 3; s++) {
        for (unsigned i = 0; i < BLOCKS; i++) blocks[i] = malloc(sizes[s]);
        for (unsigned i = 0; i < BLOCKS; i++) {
            expect_at(sizes[s], i, 0);
            expect(faults(blocks[i] + (sizes[s] / 16384 + 1) * 16384));
        }
        for (unsigned i = 0; i < BLOCKS; i++) free(blocks[i]);
    }
}

/* Holes are so few that the system's limit on mappings is far, and none is left where blocks are again. */
CASE(many_large_blocks_can_be_had) {
    enum { MANY = 5000, BYTES = 300000 };
    static char *blocks[MANY];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            expect((blocks[i] = malloc(BYTES)) != NULL);
            blocks[i][0] = blocks[i][BYTES - 1] = 1;
        }
        expect(mappings() < 3000);
        for (unsigned i = 0; i < MANY; i++) free(blocks[i * 7 % MANY]);
    }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
