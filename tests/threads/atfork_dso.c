/* A library whose constructor registers fork handlers that allocate, perhaps before the allocator
 * registers its own. */
/* SPDX-License-Identifier: MIT */
#include "atfork_dso.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 50 };

static void *kept[BLOCKS];
static unsigned calls[3];

static void work(unsigned which) {
    calls[which]++;
    for (unsigned i = 0; i < BLOCKS; i++) {
        free(kept[i]);
        kept[i] = malloc(16 + i * i * 9);
        if (kept[i] == NULL) abort();
        memset(kept[i], 1, 16 + i * i * 9);
    }
    free(calloc(7, 70000));
}

static void before(void) {
    work(0);
}

static void in_parent(void) {
    work(1);
}

static void in_child(void) {
    work(2);
}

__attribute__((constructor)) static void start(void) {
    if (pthread_atfork(before, in_parent, in_child) != 0) abort();
}

unsigned atfork_calls(unsigned which) {
    return calls[which];
}
