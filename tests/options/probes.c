/* The program that tests/options/probes.sh stops at probes: each event once at least, the misuse last. */
/* SPDX-License-Identifier: MIT */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 20000, MIB = 1 << 20 };
static char *blocks[BLOCKS];
char *sampled, *large; /* the debugger compares with them */

int main(void) {
    free(malloc(100)); /* the library is ready */
    sampled = malloc(777);
    free(sampled);
    large = memset(malloc(5 * MIB), 1, 5 * MIB);
    large = realloc(large, 6 * MIB);
    for (int i = 0; i < BLOCKS; i++) blocks[i] = memset(malloc(500), 1, 500);
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    malloc_trim(0);
    blocks[0] = malloc(300 * MIB); /* beyond the limit */
    free(large);
    free(large);
    return 0;
}
