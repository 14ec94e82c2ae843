/* What a report's page has of a heap that is read from outside: a map in cells, sizes, and what slabs hold back. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "report_pins.h"

enum { REGIONS_MAX = 64, CELLS_MAX = 4096, SIZE_POWERS = 64, HEAP_STATES = 3 };

struct region {
    uint64_t from, to;
    size_t cell, cell_count; /* cells[cell .. cell + cell_count) */
};

struct map_cell {
    uint64_t bytes[HEAP_STATES]; /* by enum heapalloc_block_state */
    uint64_t largest;            /* the bytes of the kind that has most */
    unsigned kind;
};

/* What the slabs of a class have in which a block is live. */
struct class_row {
    uint64_t block_bytes, slabs, half_full; /* half_full: slabs at most half of whose blocks are live */
    uint64_t live_blocks, held_blocks;      /* held: free in those slabs, of use for this class only */
};

struct report_heap {
    const char *name;
    uint64_t blocks[HEAP_STATES], bytes[HEAP_STATES];
    struct region regions[REGIONS_MAX];
    size_t region_count, cell_count;
    uint64_t cell_bytes;
    struct map_cell cells[CELLS_MAX + REGIONS_MAX];
    uint64_t size_blocks[SIZE_POWERS], size_bytes[SIZE_POWERS]; /* live ones, by the power of two that is not larger */
    struct class_row classes[READER_CLASSES_MAX];
    uint32_t unit_bytes;
    uint64_t unit, unit_live, unit_free; /* of the walk: the slab it is in, and its blocks so far */
    unsigned unit_class;
    struct by_name named;
    struct pins pins; /* what was sampled, if the process profiles */
};

/* Walk the target's heap twice: for the regions, then for what is in them. False: its roots cannot be read. */
bool report_heap_take(struct report_heap *heap, struct target *target);

/* Write it as the member "heap" of the page's data. */
void report_heap_put(FILE *out, const struct report_heap *heap);
