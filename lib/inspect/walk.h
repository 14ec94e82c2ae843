/* Walking the heap's blocks. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum walk_state {
    WALK_USED, /* a caller's */
    WALK_HELD, /* freed, and kept by a thread for its next request */
    WALK_FREE,
};

struct walk_block {
    void *memory;
    size_t bytes;
    enum walk_state state;
    unsigned class; /* of the slab it lies in; 0: none */
};

typedef void walk_function(const struct walk_block *block, void *context);

/* Call `function` for every block: carved blocks of slabs, medium and large ones, free extents; in the order of their
 * addresses within a span. What a pool or an arena has is one block per slab or chunk. Nobody may use the heap
 * meanwhile. False: the heap is damaged, the walk ended early. The allocator's own units, and slabs of threads that a
 * fork has lost, are left out. A block with red zones is what its caller has of it. */
bool walk_heap(walk_function *function, void *context);
