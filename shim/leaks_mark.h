/* Marking: which live blocks can be reached from the program's memory. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/reader.h"

struct leaks_block {
    uint64_t address, bytes;
    bool reached;
};

/* All live blocks in the order of their addresses, and the memory of the search itself: one mapping, which is not
 * looked into. */
struct leaks_search {
    struct reader reader;
    char buffer[64 * 1024];
    size_t bytes; /* of the mapping */
    size_t count, room, pending;
    uint64_t stack; /* what is in use of the caller's begins here */
    struct leaks_block *blocks;
    uint32_t *todo; /* blocks that were reached, and whose contents were not looked at yet */
};

/* Find all live blocks and mark those that are reachable; of the caller's stack what is above `stack` counts.
 * NULL: no memory, or the process may not read itself. Others must stand still. */
struct leaks_search *leaks_search(uintptr_t stack);

void leaks_search_end(struct leaks_search *search);
