/* The freestanding API: the heap for a world that owns its memory, such as a kernel or a firmware.
 *
 * Call heap_init() once, then the rest, on any core. Each core (whatever has its own thread-local storage) has a heap
 * of its own, made at its first allocation; any core may free any block. An interrupt handler that allocates or frees
 * must not interrupt a call on its own core: mask interrupts around calls then. Misuse ends in port_stop() with one
 * sentence. kernel/README.md says which files to compile; kernel/example is a small world. Not in the host's library.
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Make [start, start + bytes) the heap's first memory. About 2 % of it, at its start, become tables. In a build with
 * -DHEAPALLOC_SMALL_BELOW=BYTES less than that is served by the small heap (kernel/small/), under one lock.
 * start         any address
 * bytes         at least 64 KiB
 * returns       false when it is too small or the heap has memory already: nothing has changed
 * thread, cost  before anything else, on one core; O(bytes): the tables are zeroed, nothing else is touched    */
bool heap_init(void *start, size_t bytes);

/* Give the heap more memory: a new range, or part of an existing span that was kept back so far.
 * start, bytes  as for heap_init()
 * returns       false when it is too small, or some of it is the heap's already: nothing has changed
 * thread, cost  any core, one at a time; O(bytes); takes one lock                                              */
bool heap_add_region(void *start, size_t bytes);

/* Allocate `size` bytes at a multiple of 16. Contents are undefined, or zero.
 * size          bytes; 0 is served as 1
 * returns       NULL when there is no memory
 * thread, cost  any core; up to 4 KiB O(1) without a lock where this core has a block, else O(1) under locks, with the
 *               exceptions in kernel/README.md; zeroing O(size)
 * source        above 4 KiB Masmano et al., TLSF, ECRTS 2004; slabs after Bonwick, The Slab Allocator, USENIX 1994 */
void *heap_alloc(size_t size);
void *heap_alloc_zeroed(size_t size);

/* The same at a multiple of `align`.
 * size          bytes; 0 is served as 1
 * align         a power of two; any other returns NULL
 * returns       NULL also when there is no memory
 * thread, cost  as heap_alloc()                                                                                */
void *heap_alloc_aligned(size_t size, size_t align);

/* Make the block at `p` `size` bytes long, in place or elsewhere; its contents are kept.
 * p             a block; NULL: as heap_alloc(size)
 * size          bytes; 0 frees the block and returns NULL
 * returns       NULL when there is no memory: the block is unchanged
 * thread, cost  any core; O(1) in place, else O(size)                                                          */
void *heap_realloc(void *p, size_t size);

/* Free a block of any core.
 * p             may be NULL; a pointer to no block ends in port_stop()
 * thread, cost  any core; O(1), without a lock for a block of this core up to 4 KiB                            */
void heap_free(void *p);

/* The same at a multiple of `align`.
 * p             a block; NULL: as heap_alloc_aligned(size, align); a pointer to no block ends in port_stop()
 * size          bytes; 0 frees the block and returns NULL
 * align         a power of two; any other returns NULL, and the block is unchanged
 * returns       NULL also when there is no memory: the block is unchanged
 * thread, cost  any core; O(1) in place, else O(size)                                                          */
void *heap_realloc_aligned(void *p, size_t size, size_t align);

/* The usable size of the block at `p`.
 * p             a block; NULL: 0; a pointer to no block ends in port_stop()
 * returns       bytes, at least those requested
 * thread, cost  any core; O(1) without a lock                                                                  */
size_t heap_usable(const void *p);

/* Merge all that this core's heap keeps for its next requests, so that it serves any request of any core.
 * thread, cost  any core; O(what is kept), also in the bounded build; takes locks                              */
void heap_trim_all(void);

/* End this core's heap, before the core is switched off: other cores use what it kept.
 * thread, cost  the core itself, which allocates nothing from then on; O(what is kept)                         */
void heap_leave(void);

/* ---- looking: these need lib/inspect/ ---- */

/* Sums in bytes. What cores keep for their next requests counts as used. */
struct heap_figures {
    size_t used_bytes; /* handed out to slabs and blocks */
    size_t free_bytes;
    size_t table_bytes; /* used + free + tables = all the memory that the heap was given, but for ends of regions */
    size_t heaps;       /* cores that ever allocated */
};

/* The present figures.
 * figures       filled in
 * thread, cost  any core; O(regions + cores); takes one lock                                                   */
void heap_figures(struct heap_figures *figures);

/* Check every equation of the heap.
 * returns       NULL when all hold, or the name of the first that does not (a string constant)
 * thread, cost  any core, while no other uses the heap; O(heap)                                                */
const char *heap_check(void);
