/* A program that uses the installed library: it checks that its malloc is ours, and that the header compiles alone. */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/heapalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32 << 20 };
static void *volatile kept; /* else a compiler may leave out an allocation that nobody sees */

static size_t used_bytes(void) {
    struct heapalloc_stats stats;
    return heapalloc_stats(&stats) ? stats.used_bytes : 0;
}

int main(void) {
    size_t before = used_bytes();
    char *block = malloc(BLOCK);
    if (block == NULL) return 1;
    kept = block;
    memset(block, 1, BLOCK);
    size_t after = used_bytes();
    free(block);
    if (after < before + BLOCK) return 2;
    char *text = strdup("libc's own blocks are ours too");
    free(text);
    if (heapalloc_verify() != NULL) return 3;
    printf("%s\n", heapalloc_version());
    return 0;
}
