/* heapalloc's own interface, beside the malloc family that it exports under the standard names. Where NULL ends the
 * program, an address below 4096 or one not aligned for its type does too; any other must be mapped. */
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

/* Sums over the whole heap, in bytes. mapped = used + free_dirty + free_clean + tables; used counts whole slabs and
 * extents, with the blocks of callers, bins and caches in them. */
struct heapalloc_stats {
    size_t mapped_bytes;     /* address space that has, or may get, memory behind it */
    size_t used_bytes;       /* units handed out to slabs, medium and large blocks */
    size_t free_dirty_bytes; /* free, and still backed by memory: reused first, purged when old */
    size_t free_clean_bytes; /* free, and given back to the system */
    size_t table_bytes;      /* unit lines and granule slots, mapped */
    size_t heap_count;       /* threads' heaps, live and parked */
};

/* Fill in `stats`.
 * stats         NULL ends the program with a sentence
 * returns       false while a fork is under way: nothing was written
 * thread, cost  any thread; takes one lock for a moment; O(spans)                                              */
HEAPALLOC_API bool heapalloc_stats(struct heapalloc_stats *stats);

/* The same as JSON, with used and free blocks by size and by thread's heap, and named pools and arenas;
 * docs/options.md has the members.
 * text          gets at most `room` bytes, the last one 0; NULL ends the program with a sentence unless `room` is 0
 * returns       the length of all of it, without the 0; 0 when a fork is under way
 * thread, cost  any thread, others go on; takes two locks for a moment; O(units), 12 KiB of stack              */
HEAPALLOC_API size_t heapalloc_stats_json(char *text, size_t room);

/* Check every invariant of the heap's shared parts and of the calling thread's heap.
 * returns       NULL when all hold; otherwise the name of the first that does not (a string constant)
 * thread, cost  no other thread may use the heap meanwhile; O(heap)                                            */
HEAPALLOC_API const char *heapalloc_verify(void);

/* Give free memory back to the system now, whatever its age.
 * returns       true when some was given back
 * thread, cost  any thread; system calls; O(free extents)                                                      */
HEAPALLOC_API bool heapalloc_trim(void);

/* ---- Calls for programs that know more than malloc's parameters say -----------------------------------------------
 * To free with a size use C23's free_sized() and free_aligned_sized(); heapalloc/walk.h visits every block. */

/* Allocate `bytes` bytes of zeros, as calloc(1, bytes): memory that is known to be zero is not cleared again.
 * returns       NULL, with errno ENOMEM, when there is no memory. free() frees it
 * thread, cost  any thread; O(bytes), for memory that was never used O(1)                                     */
HEAPALLOC_API void *heapalloc_alloc_zeroed(size_t bytes);

/* The largest size that costs no more than `bytes`: who wants to use so much requests it. The good size of a good size
 * is itself.
 * returns       0 when no block can be that large
 * thread, cost  any thread; O(1)                                                                              */
HEAPALLOC_API size_t heapalloc_good_size(size_t bytes);

/* Make a block at least `bytes` long where it is; it never becomes shorter. malloc_usable_size() tells its size
 * afterwards.
 * block         from malloc or its family; NULL returns false
 * returns       false when it cannot grow in place: it is unchanged. realloc() would move it
 * thread, cost  any thread; O(1), may take a lock                                                             */
HEAPALLOC_API bool heapalloc_try_expand(void *block, size_t bytes);

/* Allocate up to `count` blocks of `bytes` bytes into `blocks`, each as by malloc.
 * blocks        NULL ends the program with a sentence, unless count is 0
 * returns       how many; less than `count`, with errno ENOMEM, when there is no memory for more
 * thread, cost  any thread; as malloc, for each                                                               */
HEAPALLOC_API size_t heapalloc_alloc_many(size_t bytes, void **blocks, size_t count);

/* Free `count` blocks, each of any size or NULL.
 * blocks        NULL ends the program with a sentence, unless count is 0
 * thread, cost  any thread; as free, for each                                                                 */
HEAPALLOC_API void heapalloc_free_many(void *const *blocks, size_t count);

/* Allocate `bytes` bytes so that the one at `offset_bytes` (behind a header, say) is at a multiple of `align_bytes`.
 * align_bytes   any power of two
 * offset_bytes  any
 * returns       NULL with errno EINVAL when align_bytes is no power of two, or ENOMEM. Free it by heapalloc_free_at()
 * thread, cost  any thread; a malloc of bytes + align_bytes + 16                                              */
HEAPALLOC_API void *heapalloc_alloc_at(size_t bytes, size_t align_bytes, size_t offset_bytes);

/* Free a block of heapalloc_alloc_at(), or NULL; anything else ends the program with a sentence.
 * thread, cost  any thread; one free                                                                          */
HEAPALLOC_API void heapalloc_free_at(void *block);

/* Let other threads have what the calling thread keeps for its next requests: call it before the thread sleeps. It
 * gives nothing back to the system. The thread's next allocations are slower.
 * thread, cost  any thread, for itself; O(slabs that it owns), takes locks                                    */
HEAPALLOC_API void heapalloc_thread_idle(void);

/* Have at least `bytes` mapped and free, and an eighth and 1 MiB more where possible, so that the next allocations need
 * no memory from the system: each size of small blocks takes 16 KiB per thread. The pages are not touched. They count
 * against the option `limit`; what is not used goes back as the option `purge` says, or at heapalloc_trim().
 * returns       false, with errno ENOMEM, when there is not that much
 * thread, cost  any thread; O(1) and the system calls that map memory                                         */
HEAPALLOC_API bool heapalloc_reserve(size_t bytes);

/* ---- Options ----------------------------------------------------------------------------------------------------
 * What HEAPALLOC=name=value,... in the environment sets; HEAPALLOC=help lists the names. */

/* Set an option. All but `help`, `verbose`, `conf`, `exe` and `children` take effect from now on.
 * name, value   strings, which are copied; NULL as a value is ""
 * returns       false, with errno EINVAL, when there is no such option or it cannot have this value
 * thread, cost  one thread at a time; O(options)                                                              */
HEAPALLOC_API bool heapalloc_option_set(const char *name, const char *value);

/* The value of an option, or its default, as text.
 * name          a string
 * returns       a string that is valid until the option is set again; NULL: there is no such option
 * thread, cost  while no other thread sets options; O(options)                                                */
HEAPALLOC_API const char *heapalloc_option_get(const char *name);

/* Called when the heap has grown beyond soft_limit; again only after it was below seven eighths of the limit.
 * mapped_bytes  the size that the heap was growing to
 * argument      the one given to heapalloc_on_soft_limit() */
typedef void heapalloc_soft_limit_function(size_t mapped_bytes, void *argument);

/* Have `function` called instead of printing a sentence on stderr. It runs without any lock, after an allocation, in
 * the thread that passed the limit or in another one; it may allocate, free and set options.
 * function      NULL: print the sentence again
 * argument      passed to it
 * thread, cost  any thread; O(1)                                                                              */
HEAPALLOC_API void heapalloc_on_soft_limit(heapalloc_soft_limit_function *function, void *argument);

/* ---- The profiler --------------------------------------------------------------------------------------------
 * Once it has begun about one allocation in so many bytes is recorded with its callers, and so is its free. */

/* Begin to sample, threads with a heap from their next slow path on, or go on after a stop, at the same rate.
 * bytes         from one sample to the next, on average, up to 64 MiB; 1: every allocation; 0: as profile_bytes says
 * returns       false where it cannot: the fast build, a build for valgrind, too many bytes
 * thread, cost  any thread; O(1)                                                                              */
HEAPALLOC_API bool heapalloc_profile_start(size_t bytes);

/* Take no more samples. What was recorded stays, and its frees are recorded.
 * thread, cost  any thread; O(1)                                                                              */
HEAPALLOC_API void heapalloc_profile_stop(void);

/* Write what was recorded so far; other threads may go on allocating.
 * path          %p is the process, %e the program; NULL: as the option `profile` says
 * returns       false with errno when it was never begun or cannot be written; the latter is reported on stderr too
 * thread, cost  any thread; O(places that allocate)                                                           */
HEAPALLOC_API bool heapalloc_profile_dump(const char *path);

/* Report blocks that nothing points to any more, as the option `leaks` does at exit, while other threads are stopped.
 * file          gets the report; -1: nothing does
 * returns       how many; (size_t)-1 with errno: EBUSY when another thread does it, or ENOMEM
 * thread, cost  any thread, in no signal handler; O(memory of the program)                                    */
HEAPALLOC_API size_t heapalloc_leaks(int file);

/* ---- Pools: blocks of one size --------------------------------------------------------------------------------
 * A pool hands out blocks of one size, last in, first out, from slabs of its own. One thread at a time may use it and
 * nothing is locked, unless it is HEAPALLOC_POOL_SHARED. Misuse (a block from elsewhere, one that was put back already,
 * one whose first 16 bytes were written to while others were put back after it, a pointer to anything but a pool,
 * mapped or not) ends the program with a sentence. */
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
 * thread, cost  one thread at a time; O(1), 10 to 16 instructions except once per page                       */
HEAPALLOC_API void *heapalloc_pool_get(struct heapalloc_pool *pool);

/* Put a block of this pool back. `block` may be NULL.
 * thread, cost  one thread at a time; O(1)                                                                   */
HEAPALLOC_API void heapalloc_pool_put(struct heapalloc_pool *pool, void *block);

enum heapalloc_pool_flags {
    HEAPALLOC_POOL_SHARED = 1, /* any number of threads use it; each keeps some objects in its own magazines */
};

/* A zero field means its default. */
struct heapalloc_pool_options {
    const char *name;    /* for reports; a string that lives as long as the pool; NULL: none */
    size_t object_bytes; /* 1..HEAPALLOC_POOL_BYTES_MAX, 16 less with a constructor; rounded up */
    size_t align_bytes;  /* a power of two up to HEAPALLOC_POOL_BYTES_MAX; 0: 16 */
    size_t limit_bytes;  /* of all its slabs, 16 KiB each; 0: none */
    /* Called once for an object's memory, before it is first handed out, without a lock; the object stays constructed
     * while it is free. It may allocate; taking an object that has to be constructed, or destroying the pool, ends the
     * program with a sentence. When it returns false, get returns NULL, and the memory is tried again later. It must
     * return. NULL: none, contents are undefined. */
    bool (*construct)(void *object, void *argument);
    /* Called for each constructed object when the pool is destroyed, also those in use. Using the pool in it ends the
     * program with a sentence. NULL: none. Only with a constructor. */
    void (*destruct)(void *object, void *argument);
    void *argument; /* for both */
    unsigned flags; /* of heapalloc_pool_flags */
};

/* Make a pool.
 * options       NULL ends the program with a sentence
 * returns       NULL when the options are out of range or there is no memory
 * thread, cost  any thread; up to three mallocs. A named or shared pool takes a lock for a moment
 * source        Bonwick and Adams, Magazines and Vmem, USENIX 2001, section 3; objects that stay constructed: Bonwick,
 *               The Slab Allocator, USENIX 1994, section 2
 * A shared pool's get and put take a lock once in some dozens of calls. What a thread keeps, 64 KiB or eight objects at
 * most, is left at its end to the thread that takes over its heap, and is not available to other threads, even when
 * there is no more memory. A child of a fork may use and destroy it, whatever other threads did at the fork; objects
 * that these were handling are lost to it. With a constructor the bytes behind an object are checked when it is put
 * back: an overflow ends the program. */
HEAPALLOC_API struct heapalloc_pool *heapalloc_pool_create_with(const struct heapalloc_pool_options *options);

/* Take up to `count` blocks into `blocks`.
 * blocks        NULL ends the program with a sentence, unless count is 0
 * returns       how many: less than `count` when there is no memory for more
 * thread, cost  as heapalloc_pool_get(), for each                                                             */
HEAPALLOC_API size_t heapalloc_pool_get_many(struct heapalloc_pool *pool, void **blocks, size_t count);

/* Put `count` blocks back; each may be NULL.
 * blocks        NULL ends the program with a sentence, unless count is 0
 * thread, cost  as heapalloc_pool_put(), for each                                                             */
HEAPALLOC_API void heapalloc_pool_put_many(struct heapalloc_pool *pool, void *const *blocks, size_t count);

/* used_blocks + free_blocks is what was cut from the slabs so far. */
struct heapalloc_pool_stats {
    const char *name;
    size_t block_bytes; /* from one block to the next */
    size_t used_blocks; /* in the fast build all blocks of a plain pool: it cannot tell which are free */
    size_t free_blocks; /* put back, those in magazines included */
    size_t reserved_bytes;
};

/* Fill in `stats`.
 * stats         NULL ends the program with a sentence
 * thread, cost  as the pool: its other threads may go on; O(blocks)                                           */
HEAPALLOC_API void heapalloc_pool_stats(struct heapalloc_pool *pool, struct heapalloc_pool_stats *stats);

/* Give back the pool and all of its blocks, even those in use. `pool` may be NULL.
 * thread, cost  one thread, while no other uses the pool; O(slabs), with a destructor O(objects)              */
HEAPALLOC_API void heapalloc_pool_destroy(struct heapalloc_pool *pool);

/* Define a pool of objects of one type, in C or C++: HEAPALLOC_POOL_TYPE(node, struct node) defines `struct node_pool`,
 * node_pool_create(options), node_pool_get, node_pool_put and node_pool_destroy, which take and return `struct node *`.
 * Size and alignment are the type's. Use it at file level, without a semicolon. */
#define HEAPALLOC_POOL_TYPE(prefix, type)                                                                    \
    struct prefix##_pool;                                                                                    \
    __attribute__((unused)) static inline struct prefix##_pool *prefix##_pool_create(                        \
        struct heapalloc_pool_options options) {                                                             \
        options.object_bytes = sizeof(type);                                                                 \
        if (options.align_bytes < __alignof__(type))                                                         \
            options.align_bytes = __alignof__(type) < 16 ? 16 : __alignof__(type);                           \
        return (struct prefix##_pool *)heapalloc_pool_create_with(&options);                                 \
    }                                                                                                        \
    __attribute__((unused)) static inline type *prefix##_pool_get(struct prefix##_pool *pool) {              \
        return (type *)heapalloc_pool_get((struct heapalloc_pool *)pool);                                    \
    }                                                                                                        \
    __attribute__((unused)) static inline void prefix##_pool_put(struct prefix##_pool *pool, type *object) { \
        heapalloc_pool_put((struct heapalloc_pool *)pool, object);                                           \
    }                                                                                                        \
    __attribute__((unused)) static inline void prefix##_pool_destroy(struct prefix##_pool *pool) {           \
        heapalloc_pool_destroy((struct heapalloc_pool *)pool);                                               \
    }

/* ---- Arenas: many blocks, freed at once ------------------------------------------------------------------------
 * An arena hands out blocks one after the other and frees them together, in time that depends on its chunks, not on
 * its blocks. After Hanson: Fast allocation and deallocation of memory based on object lifetimes, Software Practice and
 * Experience 1990; children and cleanups as in talloc and the Apache pools.
 * "As the arena" below: one thread at a time uses it, or any number if it is HEAPALLOC_ARENA_LOCKED. Its parent's lock
 * is not taken: make and destroy a child while nobody else uses its parent. A pointer to anything but an arena (NULL, a
 * destroyed one, another kind of object, what is not mapped) ends the program with a sentence. */
struct heapalloc_arena;

enum heapalloc_arena_flags {
    HEAPALLOC_ARENA_LOCKED = 1, /* any number of threads, and a child of a fork; each call takes a lock */
};

/* All zero: the defaults. */
struct heapalloc_arena_options {
    const char *name;               /* for reports; a string that lives as long as the arena; NULL: none */
    struct heapalloc_arena *parent; /* this one is destroyed with it; NULL: none */
    size_t limit_bytes;             /* of all its chunks; 0: none */
    size_t align_bytes;             /* of every block, a power of two from 16 to 4096; 0: 16 */
    void *memory;                   /* the caller's memory, used first; NULL: none */
    size_t memory_bytes;            /* of `memory`; with a limit_bytes of 1 it uses no other */
    unsigned flags;                 /* of heapalloc_arena_flags */
};

/* Make an arena.
 * options       NULL: the defaults; only its strings and memory have to outlive the call
 * returns       NULL when the options are out of range or there is no memory
 * thread, cost  any thread, with a parent while nobody else uses the parent; one malloc, or two (name, lock)  */
HEAPALLOC_API struct heapalloc_arena *heapalloc_arena_create(const struct heapalloc_arena_options *options);

/* Take `bytes` bytes at a multiple of the arena's alignment; their contents are undefined.
 * bytes         0 is served as 1
 * returns       NULL when there is no memory, or the limit is met
 * thread, cost  as the arena; O(1), some 18 instructions but once per chunk (16 KiB, doubling to 1 MiB)        */
HEAPALLOC_API void *heapalloc_arena_alloc(struct heapalloc_arena *arena, size_t bytes);

/* The same at a multiple of `align_bytes`.
 * bytes         0 is served as 1
 * align_bytes   a power of two up to 16384, at least the arena's alignment is used
 * returns       NULL also for any other alignment
 * thread, cost  as the arena; O(1)                                                                            */
HEAPALLOC_API void *heapalloc_arena_alloc_aligned(struct heapalloc_arena *arena, size_t bytes, size_t align_bytes);

/* Take `bytes` bytes that read as zero, at a multiple of the arena's alignment.
 * bytes         0 is served as 1
 * returns       NULL when there is no memory, or the limit is met
 * thread, cost  as the arena; O(bytes)                                                                        */
HEAPALLOC_API void *heapalloc_arena_zeroed(struct heapalloc_arena *arena, size_t bytes);

/* Resize a block from `old_bytes` to `bytes`: in place when it is the newest and its chunk has room, or when it becomes
 * shorter; otherwise as a copy, and the old one stays where it was until the arena is reset.
 * block         of this arena, or the program ends with a sentence; NULL: a new one, and old_bytes is ignored
 * old_bytes     the size it was taken with or resized to; more than was handed out there ends the program too
 * bytes         0 is served as 1
 * returns       NULL when there is no memory: the old block is unchanged
 * thread, cost  as the arena; O(1) in place, else O(old_bytes)                                                */
HEAPALLOC_API void *heapalloc_arena_realloc(struct heapalloc_arena *arena, void *block, size_t old_bytes, size_t bytes);

/* Give a block back: the newest one's bytes are handed out next, those of any other after a reset.
 * block         of this arena; may be NULL; what is not the newest is left alone
 * bytes         the size it was taken with. A larger one may take younger blocks back, too: the arena cannot tell
 * thread, cost  as the arena; O(1)                                                                            */
HEAPALLOC_API void heapalloc_arena_free(struct heapalloc_arena *arena, void *block, size_t bytes);

/* Copy a string with its 0, or `bytes` bytes, into the arena; or format a text there as printf does.
 * string, from  NULL returns NULL
 * format        as printf's
 * returns       NULL when there is no memory, the limit is met, or the format cannot be printed
 * thread, cost  as the arena; O(length)                                                                       */
HEAPALLOC_API char *heapalloc_arena_strdup(struct heapalloc_arena *arena, const char *string);
HEAPALLOC_API void *heapalloc_arena_memdup(struct heapalloc_arena *arena, const void *from, size_t bytes);
HEAPALLOC_API char *heapalloc_arena_printf(struct heapalloc_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Have `function(argument)` called when what was allocated since is freed: by a rewind to a mark made before this call,
 * a reset, or the end of the arena; the latest first, while the blocks are still there.
 * function      may use the arena, but not destroy it; NULL ends the program with a sentence
 * argument      handed to it
 * returns       false when there is no memory: it will not be called
 * thread, cost  as the arena; O(1), one small block of it                                                     */
HEAPALLOC_API bool heapalloc_arena_cleanup(struct heapalloc_arena *arena, void (*function)(void *argument),
                                           void *argument);

/* A moment in the life of an arena: what is allocated after it can be freed by itself. */
struct heapalloc_arena_position {
    void *chunk, *large, *cleanup;
    size_t used_bytes;
};

/* The arena's present position, for a rewind.
 * returns       a value that need not be freed, and is invalid after a reset
 * thread, cost  as the arena; O(1)                                                                            */
HEAPALLOC_API struct heapalloc_arena_position heapalloc_arena_mark(struct heapalloc_arena *arena);

/* Free all that was allocated since the mark was made; younger marks are invalid then. A block that was
 * made longer since counts as allocated since. The chunks stay with the arena; children stay.
 * mark          of this arena; another's, or one beyond which it was rewound or reset, ends the program with a sentence
 *               where the arena can tell
 * thread, cost  as the arena; O(chunks), and the cleanups                                                     */
HEAPALLOC_API void heapalloc_arena_rewind(struct heapalloc_arena *arena, struct heapalloc_arena_position mark);

/* Free all blocks and destroy all children; the arena keeps its chunks of up to 1 MiB for new blocks.
 * thread, cost  as the arena, while nobody uses its children; O(chunks), and the cleanups                     */
HEAPALLOC_API void heapalloc_arena_reset(struct heapalloc_arena *arena);

/* Give back the arena, all of its blocks and its children.
 * arena         may be NULL
 * thread, cost  one thread, while nobody else uses it, its parent or its children; O(chunks), and the cleanups */
HEAPALLOC_API void heapalloc_arena_destroy(struct heapalloc_arena *arena);

struct heapalloc_arena_stats {
    const char *name;
    size_t used_bytes;     /* handed out and not freed, with what alignment and chunk ends waste */
    size_t reserved_bytes; /* chunks, in use or kept */
    size_t chunk_count;
    size_t child_count;
};

/* Fill in `stats`.
 * stats         NULL ends the program with a sentence
 * thread, cost  as the arena; O(chunks)                                                                       */
HEAPALLOC_API void heapalloc_arena_stats(struct heapalloc_arena *arena, struct heapalloc_arena_stats *stats);

#ifdef __cplusplus
}
#endif
