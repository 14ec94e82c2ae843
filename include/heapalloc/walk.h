/* Walking the heap: every block of every thread, while the threads go on. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum heapalloc_block_state {
    HEAPALLOC_BLOCK_LIVE, /* a caller's */
    HEAPALLOC_BLOCK_KEPT, /* freed, but kept by a thread for its next request, or on its way back */
    HEAPALLOC_BLOCK_FREE,
};

enum heapalloc_block_kind {
    HEAPALLOC_BLOCK_SMALL,  /* a block of a size class, in a slab */
    HEAPALLOC_BLOCK_MEDIUM, /* granules of 512 bytes; or one of a process's first blocks, of any size, in no slab */
    HEAPALLOC_BLOCK_LARGE,  /* whole units of 16 KiB */
    HEAPALLOC_BLOCK_POOL,   /* a slab of a pool, reported as one block */
    HEAPALLOC_BLOCK_ARENA,  /* a chunk of an arena, reported as one block */
};

struct heapalloc_block {
    uint64_t address;
    uint64_t bytes;      /* the usable size, as malloc_usable_size() says */
    unsigned size_class; /* 1..52 for small blocks, else 0 */
    enum heapalloc_block_state state;
    enum heapalloc_block_kind kind;
};

/* Called for each block; false ends the walk. The block may have another owner by the time of the call. */
typedef bool heapalloc_visit(const struct heapalloc_block *block, void *argument);

/* Visit every block of the heap, live or free, of every thread, in the order of addresses within a span. Free memory
 * that was never cut into blocks is reported as one free block; the allocator's own memory is not reported.
 * Others may allocate and free meanwhile, and so may `visit`: nothing is locked, and unmapped memory is noticed, not
 * touched. A block that is live from the beginning to the end of the walk is reported once, as live. One that is
 * allocated or freed meanwhile may be reported as either, or not at all. In the fast build, which does not mark free
 * blocks, a few free ones that another thread keeps may be reported as live.
 * visit, argument   what is called, and its second argument
 * returns       false when `visit` ended the walk; or with errno ENOMEM when there is no memory for it (200 KiB); or
 *               with another errno when the process may not read its own memory by process_vm_readv
 * thread, cost  any thread, not in a signal handler; O(heap): about a system call for 16 KiB of small blocks       */
__attribute__((visibility("default"))) bool heapalloc_walk(heapalloc_visit *visit, void *argument);

#ifdef __cplusplus
}
#endif
