/* No names, for builds without libdw. */
/* SPDX-License-Identifier: MIT */
#include "symbols.h"
#include <stdlib.h>

struct symbols {
    char unused;
};

struct symbols *symbols_open(void) {
    return calloc(1, sizeof(struct symbols));
}

void symbols_close(struct symbols *symbols) {
    free(symbols);
}

void symbols_add(struct symbols *symbols, const char *path, uint64_t from, uint64_t offset, const char *build_id) {
    (void)symbols;
    (void)path;
    (void)from;
    (void)offset;
    (void)build_id;
}

bool symbols_find(struct symbols *symbols, uint64_t address, symbols_visit *visit, void *argument) {
    (void)symbols;
    (void)address;
    (void)visit;
    (void)argument;
    return false;
}

uint64_t symbols_address(struct symbols *symbols, const char *module, uint64_t offset) {
    (void)symbols;
    (void)module;
    (void)offset;
    return 0;
}
