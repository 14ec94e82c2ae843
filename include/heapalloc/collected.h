/* Collected arenas: blocks that nobody frees.
 *
 * A collected arena frees blocks that cannot be reached any more, by mark and sweep (McCarthy, Recursive functions of
 * symbolic expressions, CACM 1960), conservatively as in Boehm and Weiser, Garbage collection in an uncooperative
 * environment, Software Practice and Experience 1988. Blocks do not move. What looks like a pointer to the start or the
 * inside of a block keeps it: in the thread's stack and registers, in registered roots, and in blocks that are kept.
 * Memory of malloc and of other arenas is not scanned. "Its thread" below is the one that made the arena, and no other
 * may use it; a precise arena may be used by any thread, one at a time.
 * These end the program with a sentence: free() of a block; a pointer to no collected arena, or NULL; a call by another
 * thread; a collection on a stack that is not the thread's, such as a coroutine's; any call but _visit in a trace
 * function. */
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
    size_t limit_bytes;      /* of its slabs in all; 0: none */
    unsigned growth_percent; /* an allocation collects first when so many percent of what the last collection left, at
                                least 1 MiB, were allocated since; and when memory is out. 0: never by itself */
    const void *stack_base; /* the highest address of the thread's stack, above the frame that makes the arena, by 4 GiB
                               at most. NULL: as libc reports it */
    /* Calls heapalloc_collected_visit() for each pointer in a block of `bytes` bytes. Those beyond the requested size
     * are zero, and all of them may be. Neither function may allocate. NULL: each word of a block may be a pointer. */
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

/* Do a part of a collection, or begin one. While one is under way, store pointers into blocks with
 * heapalloc_collected_store() only. Roots and the stack are scanned as a whole when it begins and before marking ends;
 * finalisers run after the last step. When eight scans of the roots have each found more than the budget allows,
 * marking ends without a budget.
 * budget_bytes  about this many bytes are scanned, or swept
 * returns       true when this was the last step of a collection
 * thread, cost  its thread; O(budget_bytes), and the roots and the stack                                      */
HEAPALLOC_API bool heapalloc_collected_step(struct heapalloc_collected *collected, size_t budget_bytes);

/* Store a pointer, *(void **)place = p, in a program that collects in steps.
 * place         in a block of the arena, at a multiple of 8; outside of all its memory, or at any other, it ends the
 *               program with a sentence
 * thread, cost  its thread; O(1)                                                                              */
HEAPALLOC_API void heapalloc_collected_store(struct heapalloc_collected *collected, void *place, void *p);

/* Keep the block that `p` points to; any other value is ignored.
 * thread, cost  from within trace or trace_roots only; O(1)                                                   */
HEAPALLOC_API void heapalloc_collected_visit(struct heapalloc_collected *collected, const void *p);

/* Register a root: until _unroot, aligned words in [from, from + bytes) may be pointers, which keep their blocks.
 * from, bytes   stay readable until then; NULL, or what cannot be read, ends the program with a sentence, as _unroot
 *               of what is no root does
 * returns       false when there is no memory: the words keep nothing
 * thread, cost  its thread; O(roots), outside of stack and heap a system call for each page           */
HEAPALLOC_API bool heapalloc_collected_root(struct heapalloc_collected *collected, const void *from, size_t bytes);
HEAPALLOC_API void heapalloc_collected_unroot(struct heapalloc_collected *collected, const void *from);

/* Make *place NULL when the block that it points to is freed, at the arena's end too, until _unweak.
 * place         in memory that is not scanned: malloc's, or a block of _plain, with which the reference ends; NULL, or
 *               what cannot be read, ends the program with a sentence. _unweak does nothing for any other place
 * returns       false when there is no memory: it is no weak reference
 * thread, cost  its thread; O(1)                                                                              */
HEAPALLOC_API bool heapalloc_collected_weak(struct heapalloc_collected *collected, void **place);
HEAPALLOC_API void heapalloc_collected_unweak(struct heapalloc_collected *collected, void **place);

/* Call `function(block, argument)` once `block` cannot be reached any more. The block and all that it reaches live
 * until then, and longer if the function stores a pointer to it; weak references to them are NULL before. Functions run
 * after a collection, in no particular order, and when the arena is destroyed; they may allocate. `argument` is not
 * scanned: it keeps no block.
 * block         the start of a block of this arena, or the program ends with a sentence
 * function      may not destroy the arena; NULL ends the program with a sentence
 * returns       false when there is no memory: it will not be called
 * thread, cost  its thread; O(1)                                                                              */
HEAPALLOC_API bool heapalloc_collected_finalizer(struct heapalloc_collected *collected, void *block,
                                                 void (*function)(void *block, void *argument), void *argument);

/* Make weak references NULL, call all finalisers, and give back the arena with its blocks. A finaliser may allocate,
 * but a collection does nothing now. While another thread collects it or calls its finalisers, the program ends with a
 * sentence.
 * collected     may be NULL
 * thread, cost  any thread, while no other uses it; O(slabs + weak references + finalisers)                    */
HEAPALLOC_API void heapalloc_collected_destroy(struct heapalloc_collected *collected);

struct heapalloc_collected_stats {
    const char *name;
    size_t used_bytes; /* live blocks, counted at the size of their class */
    size_t used_blocks;
    size_t reserved_bytes;
    size_t collection_count;
};

/* Fill in `stats`.
 * stats         NULL ends the program with a sentence
 * thread, cost  its thread; O(1)                                                                              */
HEAPALLOC_API void heapalloc_collected_stats(struct heapalloc_collected *collected,
                                             struct heapalloc_collected_stats *stats);

#ifdef __cplusplus
}
#endif
