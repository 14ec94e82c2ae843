/* The live blocks of the heap in the order of their addresses, for the search for leaks. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/reader.h"

enum { LEAKS_PAGE_BYTES = 4096 }; /* the smallest page that a system has */

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
    uint32_t *unscanned; /* blocks that were reached and not scanned yet */
};

/* List all live blocks. NULL: no memory, or the process may not read itself. Other threads must be stopped. */
struct leaks_search *leaks_list(void);

void leaks_list_end(struct leaks_search *search);

/* The index of the block that `word` points into; `count`: none. */
size_t leaks_list_find(const struct leaks_search *search, uint64_t word);

/* Read memory of this process, which need not be readable. */
bool leaks_read_own(void *context, uint64_t address, void *to, size_t bytes);
