/* Marks the live blocks that are reachable from the program's memory. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/reader.h"

struct leaks_block {
    uint64_t address, bytes;
    bool reached;
};

/* All live blocks in the order of their addresses, and the search's own memory: one mapping, which is not scanned. */
struct leaks_search {
    struct reader reader;
    char buffer[64 * 1024];
    size_t bytes; /* of the mapping */
    size_t count, room, pending;
    uint64_t stack; /* where the used part of the caller's begins */
    struct leaks_block *blocks;
    uint32_t *todo; /* blocks that were reached and not scanned yet */
};

/* Find all live blocks and mark those that are reachable; the caller's stack is scanned from `stack` up.
 * NULL: no memory, or the process may not read itself. Other threads must be stopped. */
struct leaks_search *leaks_search(uintptr_t stack);

void leaks_search_end(struct leaks_search *search);
