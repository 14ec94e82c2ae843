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

#ifdef __cplusplus
extern "C" {
#endif

/* Make [start, start + bytes) the heap's first memory. Of 128 MiB or more about 2 %, at the start, become tables. Less
 * is served by the small heap (kernel/small/), which fills it better, under one lock for all cores: a build with
 * -DHEAPALLOC_SMALL_BELOW=BYTES has another limit, with 0 none.
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

/* Take memory back that was given to the heap; heap_trim_all() is part of it.
 * start, bytes  as given to heap_add_region() before, or whole units (16 KiB) of a larger region behind its tables,
 *               where it is not the small heap's
 * returns       false when something in it is in use or kept by another core (see heap_trim_all()), holds tables of
 *               the rest, or is not the heap's: nothing has changed
 * thread, cost  one core, while no other is in a call; O(what is kept + bytes / 16 KiB)                        */
bool heap_remove_region(void *start, size_t bytes);

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

/* Sums in bytes. What cores keep for their next requests counts as used. */
struct heap_figures {
    size_t used_bytes; /* handed out to slabs and blocks */
    size_t free_bytes;
    size_t table_bytes; /* used + free + tables = all the memory that the heap was given, but for ends of regions */
    size_t peak_bytes;  /* the most that was used, since memory was last added or removed */
    size_t least_bytes; /* the least that was free, likewise */
    size_t failures;    /* requests that were refused */
    size_t heaps;       /* cores that have a heap: allocated, and did not leave */
};

/* The present figures.
 * figures       filled in
 * thread, cost  any core; O(1); takes one lock                                                                 */
void heap_figures(struct heap_figures *figures);

/* Each may be NULL. The first two are called in a build with -DHEAPALLOC_HOOKS=1. */
struct heap_hooks {
    void (*alloc)(void *context, void *p, size_t size, const void *caller); /* a block was handed out */
    void (*free)(void *context, void *p);                                   /* a block will be freed */
    void (*failed)(void *context, size_t size);                             /* a request was refused */
    void *context;
};

/* Have functions called, on the core that makes the call, with the size that its caller gave. They may not use the
 * heap. A block that is resized in a build with hooks is told as a free and an allocation.
 * hooks         copied; all NULL: none any more
 * returns       false when this build does not call one of them: nothing has changed
 * thread, cost  one core, while no other is in a call; O(1)                                                    */
bool heap_hook(const struct heap_hooks *hooks);

/* ---- looking: these need lib/inspect/ ---- */

/* Check every equation of the heap.
 * returns       NULL when all hold, or the name of the first that does not (a string constant)
 * thread, cost  any core, while no other uses the heap; O(heap)                                                */
const char *heap_check(void);

/* Visit each block in use, in a build with -DHEAPALLOC_GUARDED=1; in other builds none. There each block ends in a
 * guard that has its size and its caller; a write behind the block ends in port_stop() when it is freed or resized, and
 * its contents are overwritten then.
 * visit         called with `context`, the block, the requested size, and the address of the caller
 * thread, cost  any core, while no other uses the heap; O(heap)                                                */
void heap_each(void (*visit)(void *context, void *p, size_t size, const void *caller), void *context);

#ifdef __cplusplus
}
#endif
