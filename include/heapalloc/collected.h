/* Collected arenas: blocks that nobody frees.
 *
 * A collected arena frees what cannot be reached any more: by mark and sweep (McCarthy, Recursive functions of symbolic
 * expressions, CACM 1960), conservative as Boehm and Weiser, Garbage collection in an uncooperative environment,
 * Software Practice and Experience 1988. Blocks do not move. Only the thread that made the arena uses it, unless it is
 * precise. A word that looks like a pointer to the start or the inside of a block keeps that block alive if it is in
 * the thread's stack or registers, in a registered root, or in a live block. Memory of malloc and of other arenas is
 * not scanned. free() of a block ends the program with a sentence. "Its thread" below is the one that made it; for a
 * precise arena any thread, one at a time. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <heapalloc/heapalloc.h>

#ifdef __cplusplus
extern "C" {
#endif

struct heapalloc_collected;

enum heapalloc_collected_flags {
    HEAPALLOC_COLLECTED_PRECISE = 1, /* the stack is not scanned; needs trace_roots */
};

/* All zero: the defaults. */
struct heapalloc_collected_options {
    const char *name;        /* for reports; a string that lives as long as the arena; NULL: none */
    size_t limit_bytes;      /* of all its slabs; 0: none */
    unsigned growth_percent; /* an allocation collects first when the blocks allocated since the last collection exceed
                                this share of what it left, and 1 MiB; or when memory is out. 0: never by itself */
    const void *stack_base;  /* the highest address of the thread's stack, where it begins; NULL: ask libc */
    /* Calls heapalloc_collected_visit() for each pointer in a block of `bytes` bytes. Bytes beyond the requested size
     * are zero; the whole block may be. Neither function may allocate. NULL: each word of a block may be a pointer. */
    void (*trace)(struct heapalloc_collected *collected, void *block, size_t bytes, void *argument);
    /* The same for pointers that are in no block. NULL: none. */
    void (*trace_roots)(struct heapalloc_collected *collected, void *argument);
    void *argument; /* for both */
    unsigned flags; /* of heapalloc_collected_flags */
};

/* Make a collected arena.
 * options       NULL: the defaults
 * returns       NULL when the options are out of range, there is no memory, or libc cannot tell the stack
 * thread, cost  any thread; a few mallocs, and once what libc does to find the stack                          */
HEAPALLOC_API struct heapalloc_collected *heapalloc_collected_create(const struct heapalloc_collected_options *options);

/* Allocate `bytes` bytes, all zero, at a multiple of 16. _plain: they hold no pointers and are not scanned.
 * bytes         0 is served as 1
 * returns       NULL when there is no memory or the limit is met, even after a collection if it collects by itself
 * thread, cost  its thread; O(bytes); a collection when it is due                                            */
HEAPALLOC_API void *heapalloc_collected_alloc(struct heapalloc_collected *collected, size_t bytes);
HEAPALLOC_API void *heapalloc_collected_alloc_plain(struct heapalloc_collected *collected, size_t bytes);

/* Free every block that cannot be reached, then call the finalisers that are due. A collection that was begun in steps
 * is finished first.
 * returns       bytes of the blocks that were freed
 * thread, cost  its thread; O(live blocks + slabs + bytes of roots and of the stack)                              */
HEAPALLOC_API size_t heapalloc_collected_collect(struct heapalloc_collected *collected);

/* Do a part of a collection, or begin one. While one is under way, store pointers into blocks by
 * heapalloc_collected_store() only. Roots and the stack are scanned as a whole when it begins and before marking ends;
 * finalisers run after the last step. When eight scans of the roots have each found more than the budget allows,
 * marking ends without a budget.
 * budget_bytes  about this many bytes are scanned, or swept
 * returns       true when this was the last step of a collection
 * thread, cost  its thread; O(budget_bytes), and the roots and the stack                                      */
HEAPALLOC_API bool heapalloc_collected_step(struct heapalloc_collected *collected, size_t budget_bytes);

/* Do *(void **)place = p, as a program that collects in steps must.
 * place         in a block of the arena
 * thread, cost  its thread; O(1)                                                                              */
HEAPALLOC_API void heapalloc_collected_store(struct heapalloc_collected *collected, void *place, void *p);

/* Keep the block that `p` points to; any other value is ignored.
 * thread, cost  from within trace or trace_roots only; O(1)                                                   */
HEAPALLOC_API void heapalloc_collected_visit(struct heapalloc_collected *collected, const void *p);

/* Make [from, from + bytes) a root until _unroot: its aligned words keep the blocks that they point to.
 * returns       false when there is no memory: it is no root
 * thread, cost  its thread; O(roots)                                                                          */
HEAPALLOC_API bool heapalloc_collected_root(struct heapalloc_collected *collected, const void *from, size_t bytes);
HEAPALLOC_API void heapalloc_collected_unroot(struct heapalloc_collected *collected, const void *from);

/* Make *place NULL when the block that it points to is freed, until _unweak.
 * place         where the arena does not scan: in malloc's memory, or in a block of _plain, with which the reference
 *               ends
 * returns       false when there is no memory: it is no weak reference
 * thread, cost  its thread; O(1)                                                                              */
HEAPALLOC_API bool heapalloc_collected_weak(struct heapalloc_collected *collected, void **place);
HEAPALLOC_API void heapalloc_collected_unweak(struct heapalloc_collected *collected, void **place);

/* Call `function(block, argument)` once `block` cannot be reached any more. The block and all that it reaches live
 * until then, and longer if the function stores a pointer to it; weak references to them are cleared before. Functions
 * run after a collection, in no particular order, and when the arena is destroyed; they may allocate. `argument` is not
 * scanned: it keeps no block.
 * returns       false when there is no memory: it will not be called
 * thread, cost  its thread; O(1)                                                                              */
HEAPALLOC_API bool heapalloc_collected_finalizer(struct heapalloc_collected *collected, void *block,
                                                 void (*function)(void *block, void *argument), void *argument);

/* Call all finalisers, and give back the arena with its blocks.
 * collected     may be NULL
 * thread, cost  its thread; O(slabs + finalisers)                                                             */
HEAPALLOC_API void heapalloc_collected_destroy(struct heapalloc_collected *collected);

struct heapalloc_collected_stats {
    const char *name;
    size_t used_bytes; /* live blocks, counted at the size of their class */
    size_t used_blocks;
    size_t reserved_bytes;
    size_t collection_count;
};

/* Fill in `stats`.
 * thread, cost  its thread; O(1)                                                                              */
HEAPALLOC_API void heapalloc_collected_stats(struct heapalloc_collected *collected,
                                             struct heapalloc_collected_stats *stats);

#ifdef __cplusplus
}
#endif
