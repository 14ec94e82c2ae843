/* Small heaps: any number of them, for one core each or under the caller's lock, on 32 or 64 bits (kernel/small/).
 *
 * A heap is made in its first region, and has nothing outside of its regions. Regions may have attributes, bits whose
 * meaning is the caller's (memory that a device reaches, fast memory, external memory), and a request may ask for some.
 * Misuse ends in port_stop() with one sentence. "One at a time" below: one core, or whoever has the caller's lock.
 * Sizes are bytes. O(regions) is O(1) where a heap has few. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct heapalloc_small;

enum { HEAPALLOC_ANYWHERE = 0 };

/* Make a heap in [start, start + bytes).
 * start         any address
 * bytes         about 6 KB of it (3 KB on 32 bits) become tables, for each set of attributes that a heap has
 * attributes    those of this memory, bits of the caller's
 * returns       the heap, which lies at the start of its memory; NULL when that is too small
 * thread, cost  before anybody else uses it; O(1)                                                             */
struct heapalloc_small *heapalloc_small_create(void *start, size_t bytes, uint32_t attributes);

/* Give a heap more memory.
 * start, bytes  memory of which nothing is the heap's yet
 * attributes    those of this memory; a set that is new to the heap costs tables
 * returns       false when it is too small or overlaps what the heap has: nothing has changed
 * thread, cost  one at a time; O(regions)                                                                     */
bool heapalloc_small_add_region(struct heapalloc_small *heap, void *start, size_t bytes, uint32_t attributes);

/* Take back the region that was given with this start.
 * start         as it was given
 * returns       false when something in it is in use, it holds tables, or there is none: nothing has changed
 * thread, cost  one at a time; O(regions)                                                                     */
bool heapalloc_small_remove_region(struct heapalloc_small *heap, void *start);

/* Allocate in memory that has all of `attributes`.
 * size          0 is served as 1
 * align         a power of two; any other returns NULL
 * attributes    HEAPALLOC_ANYWHERE: in any memory
 * fallback      true: in any memory when there is none with these attributes
 * returns       NULL when there is no such memory; contents are undefined
 * thread, cost  one at a time; O(sets of attributes)
 * source        Masmano et al., TLSF, ECRTS 2004, over blocks with a head                                     */
void *heapalloc_small_alloc_from(struct heapalloc_small *heap, size_t size, size_t align, uint32_t attributes,
                                 bool fallback);

/* The same at a multiple of 16, in any memory.
 * size          0 is served as 1
 * returns       NULL when there is no memory
 * thread, cost  one at a time; O(sets of attributes)                                                          */
void *heapalloc_small_alloc(struct heapalloc_small *heap, size_t size);

/* Change a block's size, at a multiple of `align`, in memory with its present attributes, or in any if there is none.
 * p             a block of this heap; NULL: a new one, in any memory
 * size          0 frees the block and returns NULL
 * align         a power of two; any other returns NULL
 * returns       NULL when there is no memory: the block is unchanged
 * thread, cost  one at a time; O(1) in place, else O(size)                                                    */
void *heapalloc_small_realloc(struct heapalloc_small *heap, void *p, size_t size, size_t align);

/* Free a block.
 * p             of this heap; may be NULL
 * thread, cost  one at a time; O(regions)                                                                     */
void heapalloc_small_free(struct heapalloc_small *heap, void *p);

/* The usable size of the block at `p`.
 * p             a block of this heap
 * returns       at least the size that was requested; in a guarded build exactly that
 * thread, cost  one at a time; O(regions)                                                                     */
size_t heapalloc_small_usable(struct heapalloc_small *heap, const void *p);

/* Each may be NULL. `failed` is called for a request that was refused. */
struct heapalloc_small_hooks {
    void (*alloc)(void *context, void *p, size_t size);
    void (*free)(void *context, void *p);
    void (*failed)(void *context, size_t size);
    void *context;
};

/* Have functions called after an allocation and before a free, with the caller's size and 0, and when a request is
 * refused. They may not use the heap. A block that is resized in place is told as a free and an allocation.
 * hooks         copied
 * thread, cost  one at a time; O(1)                                                                           */
void heapalloc_small_hook(struct heapalloc_small *heap, const struct heapalloc_small_hooks *hooks);

/* Sums in bytes, with the heads of blocks; slabs count as a whole. */
struct heapalloc_small_figures {
    size_t used_bytes, free_bytes;
    size_t peak_bytes;  /* the most that was used */
    size_t least_bytes; /* the least that was free since the last region was added */
    size_t failures;    /* requests that were refused */
};

/* The present figures.
 * returns       sums over all sets of attributes; their peaks and lows may have been at different times
 * thread, cost  one at a time; O(sets of attributes)                                                          */
struct heapalloc_small_figures heapalloc_small_figures(const struct heapalloc_small *heap);

/* Check every equation of kernel/small/small.h.
 * returns       NULL when all hold, or the name of the first that does not (a string constant)
 * thread, cost  one at a time; O(heap)                                                                        */
const char *heapalloc_small_check(const struct heapalloc_small *heap);

/* Visit each block in use, in a build with -DHEAPALLOC_GUARDED=1; in other builds none. There each block ends in a
 * guard that has its size and its caller; a write behind the block ends the program with a sentence when it is freed,
 * and its contents are overwritten then.
 * visit         called with `context`, the block, the requested size, and the address of the caller
 * thread, cost  one at a time; O(heap)                                                                        */
void heapalloc_small_each(struct heapalloc_small *heap,
                          void (*visit)(void *context, void *p, size_t size, const void *caller), void *context);

/* How much RAM is always enough, in whatever order requests come.
 * live_bytes, blocks   the most that is in use at a time, in requested bytes
 * largest_bytes        of the largest request
 * returns       bytes for one region in which no request is refused, for sizes above 128 bytes or without slabs;
 *               SIZE_MAX: there is no such number, or no region can be that large
 * thread, cost  any; O(1)                                                                                     */
size_t heapalloc_small_enough(size_t live_bytes, size_t blocks, size_t largest_bytes);

/* The least memory with which any allocator that does not move blocks can serve.
 * live_bytes    the most that is in use at a time
 * largest_bytes of the largest request; all sizes are powers of two
 * returns       bytes; SIZE_MAX when there are more than that
 * thread, cost  any; O(1)
 * source        Robson, An estimate of the store size necessary for dynamic storage allocation, JACM 18(3), 1971 */
size_t heapalloc_small_least(size_t live_bytes, size_t largest_bytes);

#ifdef __cplusplus
}
#endif
