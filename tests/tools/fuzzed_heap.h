/* A heap in the scripted world, with blocks of every kind and state, and all memory that a reader of it looks at. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "tools/target.h"
#include <stdint.h>

enum { PARTS_MAX = 64, FUZZED_BLOCKS = 1000, FUZZED_NAMES = 4 };

/* A piece of that memory; in a core file a segment of its own. */
struct part {
    const char *memory;
    uint64_t address, bytes, offset;
};
extern struct part parts[PARTS_MAX];
extern unsigned part_count;

void part_add(const void *memory, uint64_t address, uint64_t bytes);

/* Allocate and free blocks; two thirds of FUZZED_BLOCKS stay live. */
void fuzzed_heap_use(void);

/* Read and say the pools and arenas that have names; how many names there are, FUZZED_NAMES in the heap as it is. */
unsigned fuzzed_names_read(struct target *target);

/* Add the parts of the heap. */
void fuzzed_heap_add(void);
