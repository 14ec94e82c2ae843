/* heapalloc's own interface, beside the malloc family that it exports under the standard names. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAPALLOC_VERSION_MAJOR 0
#define HEAPALLOC_VERSION_MINOR 1
#define HEAPALLOC_VERSION_PATCH 0

#define HEAPALLOC_API __attribute__((visibility("default")))

/* "0.1.0 (default)": the version of the library that is loaded, and which build it is.
 * returns       a string that lives as long as the program
 * thread, cost  any thread; O(1)                                                                              */
HEAPALLOC_API const char *heapalloc_version(void);

/* Sums over the whole heap, in bytes. mapped = used + free_dirty + free_clean + tables, of which used is what callers,
 * bins and caches hold in whole slabs and extents. */
struct heapalloc_stats {
    size_t mapped_bytes;     /* address space with memory behind it, or that may have some */
    size_t used_bytes;       /* units handed out to slabs, medium and large blocks */
    size_t free_dirty_bytes; /* free, and still backed by memory: reused first, purged when old */
    size_t free_clean_bytes; /* free, and given back to the system */
    size_t table_bytes;      /* unit lines and granule slots, mapped */
    size_t heap_count;       /* threads' heaps, living and parked */
};

/* Fill in `stats`.
 * stats         not NULL
 * returns       false when a fork is under way: nothing was written
 * thread, cost  any thread; takes one lock for a moment; O(spans)                                              */
HEAPALLOC_API bool heapalloc_stats(struct heapalloc_stats *stats);

/* The same as JSON, with used and free blocks by size and by thread's heap; docs/options.md has the members.
 * text          gets at most `room` bytes, the last one 0; may be NULL when `room` is 0
 * returns       the length of all of it, without the 0; 0 when a fork is under way
 * thread, cost  any thread, others go on; takes one lock for a moment; O(units), 8 KiB of stack                */
HEAPALLOC_API size_t heapalloc_stats_json(char *text, size_t room);

/* Check every invariant of the heap's shared parts and of the calling thread's heap.
 * returns       NULL when all hold; otherwise the name of the first that does not (a string constant)
 * thread, cost  no other thread may use the heap meanwhile; O(heap)                                            */
HEAPALLOC_API const char *heapalloc_verify(void);

/* Give free memory back to the system now, whatever its age.
 * returns       true when some went
 * thread, cost  any thread; system calls; O(free extents)                                                      */
HEAPALLOC_API bool heapalloc_trim(void);

/* ---- Options ----------------------------------------------------------------------------------------------------
 * What HEAPALLOC=name=value,... in the environment sets; HEAPALLOC=help lists the names. */

/* Set an option, as the environment would. `limit`, `soft_limit`, `purge`, `cache`, `hugepages`, `background` and
 * `stats` take effect from now on; the others are asked at start only.
 * name, value   strings, which are copied; NULL as a value is ""
 * returns       false, with errno EINVAL, when there is no such option or it cannot have this value
 * thread, cost  one thread at a time; O(options)                                                              */
HEAPALLOC_API bool heapalloc_option_set(const char *name, const char *value);

/* What an option is set to, or its default, as text.
 * name          a string
 * returns       NULL: there is no such option; a string that holds until the option is set again
 * thread, cost  while no other thread sets options; O(options)                                                */
HEAPALLOC_API const char *heapalloc_option_get(const char *name);

/* Called when the heap has grown beyond soft_limit; again when it has been below seven eighths of it meanwhile.
 * mapped_bytes  what the heap was about to have when it passed
 * argument      as it was given */
typedef void heapalloc_soft_limit_function(size_t mapped_bytes, void *argument);

/* Have `function` called instead of the sentence on stderr. It runs without any lock, after an allocation, in the
 * thread that passed the limit or in another one; it may allocate, free and set options.
 * function      NULL: the sentence again
 * argument      handed to it
 * thread, cost  any thread; O(1)                                                                              */
HEAPALLOC_API void heapalloc_on_soft_limit(heapalloc_soft_limit_function *function, void *argument);

/* ---- Pools: blocks of one size --------------------------------------------------------------------------------
 * A pool hands out blocks of one size, the one put back last first, from slabs of its own. It is used by one thread at
 * a time; nothing is locked. Misuse (a block of somewhere else, one that was put back already, one whose first 16 bytes
 * were written to while others were put back after it, a pool that is none) ends the program with a sentence. */
struct heapalloc_pool;

#define HEAPALLOC_POOL_BYTES_MAX 16384

/* Make a pool.
 * block_bytes   1..HEAPALLOC_POOL_BYTES_MAX; rounded up to a multiple of 16 and of align_bytes
 * align_bytes   a power of two up to HEAPALLOC_POOL_BYTES_MAX; 0 is served as 16
 * returns       NULL when the arguments are out of range or there is no memory
 * thread, cost  any thread; one malloc                                                                       */
HEAPALLOC_API struct heapalloc_pool *heapalloc_pool_create(size_t block_bytes, size_t align_bytes);

/* Take a block; its contents are undefined.
 * returns       NULL when there is no memory
 * thread, cost  one thread at a time; O(1), about a dozen instructions but once per page                     */
HEAPALLOC_API void *heapalloc_pool_get(struct heapalloc_pool *pool);

/* Put a block of this pool back. `block` may be NULL.
 * thread, cost  one thread at a time; O(1)                                                                   */
HEAPALLOC_API void heapalloc_pool_put(struct heapalloc_pool *pool, void *block);

/* Give back the pool and all of its blocks, those in use too. `pool` may be NULL.
 * thread, cost  one thread at a time; O(slabs)                                                               */
HEAPALLOC_API void heapalloc_pool_destroy(struct heapalloc_pool *pool);

/* ---- Arenas: many blocks, freed at once ------------------------------------------------------------------------
 * An arena hands out blocks one behind the other and frees them together, in time that depends on its chunks, not on
 * its blocks. After Hanson: Fast allocation and deallocation of memory based on object lifetimes, Software Practice and
 * Experience 1990; children and cleanups as in talloc and the Apache pools.
 * "As the arena" below: one thread at a time uses it, or any number if it is HEAPALLOC_ARENA_LOCKED. Its parent's lock
 * is not taken: a child is made and destroyed while nobody else uses its parent. What is not an arena, NULL among it,
 * or one that was destroyed, ends the program with a sentence. */
struct heapalloc_arena;

enum heapalloc_arena_flags {
    HEAPALLOC_ARENA_LOCKED = 1, /* any number of threads; each call takes a lock */
};

/* All zero: the defaults. */
struct heapalloc_arena_options {
    const char *name;               /* for reports; a string that lives as long as the arena; NULL: none */
    struct heapalloc_arena *parent; /* with which this one dies; NULL: none */
    size_t limit_bytes;             /* of its chunks in all; 0: none */
    size_t align_bytes;             /* of every block, a power of two from 16 to 4096; 0: 16 */
    void *memory;                   /* the caller's, from which it serves first; NULL: none */
    size_t memory_bytes;            /* with memory and a limit of 1 it never takes any other */
    unsigned flags;                 /* of heapalloc_arena_flags */
};

/* Make an arena.
 * options       NULL: the defaults; read now, only its strings and memory have to last
 * returns       NULL when the options are out of range or there is no memory
 * thread, cost  any thread, with a parent while nobody else uses that; one malloc                             */
HEAPALLOC_API struct heapalloc_arena *heapalloc_arena_create(const struct heapalloc_arena_options *options);

/* Take `bytes` bytes at a multiple of the arena's alignment; their contents are undefined.
 * bytes         0 is served as 1
 * returns       NULL when there is no memory, or the limit is met
 * thread, cost  as the arena; O(1), a dozen instructions but once per chunk (16 KiB, doubling to 1 MiB)        */
HEAPALLOC_API void *heapalloc_arena_alloc(struct heapalloc_arena *arena, size_t bytes);

/* The same at a multiple of `align_bytes`.
 * bytes         0 is served as 1
 * align_bytes   a power of two up to 16384; less than the arena's alignment is served as that
 * returns       NULL for another alignment too
 * thread, cost  as the arena; O(1)                                                                            */
HEAPALLOC_API void *heapalloc_arena_alloc_aligned(struct heapalloc_arena *arena, size_t bytes, size_t align_bytes);

/* Take `bytes` bytes that read as zero, at a multiple of the arena's alignment.
 * bytes         0 is served as 1
 * returns       NULL when there is no memory, or the limit is met
 * thread, cost  as the arena; O(bytes)                                                                        */
HEAPALLOC_API void *heapalloc_arena_zeroed(struct heapalloc_arena *arena, size_t bytes);

/* Make a block of `old_bytes` `bytes` long: in place when it is the newest and its chunk has room, or when it becomes
 * shorter; otherwise as a copy, and the old one lies where it was until the arena is reset.
 * block         of this arena; NULL: none, then old_bytes is 0
 * old_bytes     what was asked for when it was taken, or made longer
 * bytes         0 is served as 1
 * returns       NULL when there is no memory: the old block is as it was
 * thread, cost  as the arena; O(1) in place, else O(old_bytes)                                                */
HEAPALLOC_API void *heapalloc_arena_realloc(struct heapalloc_arena *arena, void *block, size_t old_bytes, size_t bytes);

/* Give a block back: the newest one's bytes are the next to be handed out, any other's wait for the reset.
 * block         of this arena; may be NULL
 * bytes         what was asked for
 * thread, cost  as the arena; O(1)                                                                            */
HEAPALLOC_API void heapalloc_arena_free(struct heapalloc_arena *arena, void *block, size_t bytes);

/* Copies in the arena: of a string with its 0, of `bytes` bytes, of a text as printf makes it.
 * string, from  NULL: the answer is NULL
 * format        as printf's
 * returns       NULL when there is no memory, the limit is met, or the format cannot be printed
 * thread, cost  as the arena; O(length)                                                                       */
HEAPALLOC_API char *heapalloc_arena_strdup(struct heapalloc_arena *arena, const char *string);
HEAPALLOC_API void *heapalloc_arena_memdup(struct heapalloc_arena *arena, const void *from, size_t bytes);
HEAPALLOC_API char *heapalloc_arena_printf(struct heapalloc_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Have `function(argument)` called when what was allocated since is freed: by a rewind to a mark made before this call,
 * a reset, or the end of the arena; the latest first, while the blocks are still there.
 * function      not NULL; it may use the arena
 * argument      handed to it
 * returns       false when there is no memory: it will not be called
 * thread, cost  as the arena; O(1), one small block of it                                                     */
HEAPALLOC_API bool heapalloc_arena_cleanup(struct heapalloc_arena *arena, void (*function)(void *argument),
                                           void *argument);

/* A moment in the life of an arena: what is allocated after it can be freed alone. */
struct heapalloc_arena_position {
    void *chunk, *large, *cleanup;
    size_t used_bytes;
};

/* The present moment, for a rewind.
 * returns       a value; nothing has to be freed, and it means nothing after a reset
 * thread, cost  as the arena; O(1)                                                                            */
HEAPALLOC_API struct heapalloc_arena_position heapalloc_arena_mark(struct heapalloc_arena *arena);

/* Free all that was allocated since the mark was made; marks that are younger mean nothing any more. A block that was
 * made longer since counts as allocated since. The chunks stay with the arena; children stay.
 * mark          of this arena; one whose chunks it has no more ends the program with a sentence
 * thread, cost  as the arena; O(chunks), and the cleanups                                                     */
HEAPALLOC_API void heapalloc_arena_rewind(struct heapalloc_arena *arena, struct heapalloc_arena_position mark);

/* Free all blocks, destroy all children; the arena keeps its chunks of up to 1 MiB for what comes next.
 * thread, cost  as the arena, while nobody uses its children; O(chunks), and the cleanups                     */
HEAPALLOC_API void heapalloc_arena_reset(struct heapalloc_arena *arena);

/* Give back the arena, all of its blocks and its children.
 * arena         may be NULL
 * thread, cost  one thread, while nobody else uses it, its parent or its children; O(chunks), and the cleanups */
HEAPALLOC_API void heapalloc_arena_destroy(struct heapalloc_arena *arena);

struct heapalloc_arena_stats {
    const char *name;
    size_t used_bytes;     /* handed out and not freed, with what alignment and the ends of chunks cost */
    size_t reserved_bytes; /* chunks, in use or kept */
    size_t chunk_count;
    size_t child_count;
};

/* Fill in `stats`.
 * stats         not NULL
 * thread, cost  as the arena; O(chunks)                                                                       */
HEAPALLOC_API void heapalloc_arena_stats(struct heapalloc_arena *arena, struct heapalloc_arena_stats *stats);

#ifdef __cplusplus
}
#endif
