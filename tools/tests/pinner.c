/* A program whose slabs are held by the few blocks of one function: of 16 blocks it keeps one, and another function has
 * freed the rest. Prints "ready", and ends when its input does. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 4000, EACH = 16, BYTES = 250 };

static char *volatile kept[ROUNDS], *volatile dropped[ROUNDS][EACH];

static __attribute__((noinline)) void pin_few(int round) {
    kept[round] = malloc(BYTES);
}

static __attribute__((noinline)) void drop_most(int round) {
    for (int i = 1; i < EACH; i++) dropped[round][i] = malloc(BYTES);
}

int main(void) {
    for (int round = 0; round < ROUNDS; round++) {
        pin_few(round);
        drop_most(round);
    }
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 1; i < EACH; i++) free(dropped[round][i]);
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) continue;
    return 0;
}
