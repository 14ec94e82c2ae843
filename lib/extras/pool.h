/* Pools, as their own modules see them.
 *
 *   plain     one thread; free blocks hold their links; served by the fast paths of pool_serve.c
 *   managed   shared by threads, or of objects that stay constructed; every call takes the slow path to pool_managed.c
 *
 * The fast paths decline a managed pool without a branch for it: its list and last block are always empty, and the
 * `owner` of its slabs is not the pool's address. Objects that stay constructed have their links behind them, in a tail
 * of 16 bytes, which also detects an overflow. After Bonwick and Adams: Magazines and Vmem, USENIX 2001. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "base/lock.h"
#include "extras/object.h"
#include "heap/named.h"
#include "slab/block.h"
#include "span/unit.h"
#include <heapalloc/heapalloc.h>

struct heap;

/* An array of free objects. It belongs to one thread, or to the pool, which uses it under its lock. */
struct pool_magazine {
    struct pool_magazine *next;
    uint32_t count;
    struct block *rounds[];
};

/* A heap's magazines of a shared pool. A thread that takes over the heap of one that ended takes these too. */
struct pool_thread {
    const struct heap *heap;
    struct pool_magazine *loaded, *previous; /* calls use `loaded`; `previous` is full or empty */
    bool constructs;                         /* the thread is in the pool's constructor */
    int32_t puts_left;                       /* as the pool's */
} __attribute__((aligned(64)));

/* Entries by the heap's address, open addressing; replaced by a table twice as large when it is half full. */
struct pool_table {
    struct pool_table *smaller; /* the one it replaced, which may still be read; lives as long as the pool */
    uint32_t count, mask;
    struct pool_thread *threads[];
};

/* What only a managed pool has. lock: `shared` when it is shared, else one thread's; reports read counts without it.
 *   length(stored) == stored_count, length(raw) == raw_count; these and what is in magazines are no more than
 *   was carved; the pool has slab_count slabs                                                    verify: pools */
struct pool_manager {
    bool (*construct)(void *object, void *argument);
    void (*destruct)(void *object, void *argument);
    void *argument;
    uint32_t tail_bytes;     /* from an object's start to its links */
    uint32_t magazine_count; /* objects in a full one; 0: not shared */
    struct block *stored;    /* free objects in no magazine */
    uint32_t stored_count;
    uint32_t raw_count;
    struct block *raw; /* carved, but their constructor failed */
    struct pool_magazine *full, *empty;
    uint32_t full_count;
    struct pool_table *table; /* atomic */
    struct named *shared;     /* the pool's entry in the named list, with its lock */
    bool forked;              /* in a fork's child: objects that other threads were handling may be lost */
    bool constructs;          /* the thread of a pool that is not shared is in its constructor */
};

struct heapalloc_pool {
    struct object object;
    struct block *last;    /* put back last, in no list; or NULL */
    struct block *taken;   /* by a program's inline code, which last took it, and not put back since; or NULL */
    uintptr_t inline_mark; /* address + 2 while that code may use `last` and `taken`, else 0 */
    int32_t puts_left;     /* until a put lets time pass; of a shared pool each thread counts its own */
    uint32_t recip;
    struct block *free;
    uintptr_t secret;
    uint32_t block_bytes;
    uint32_t carved_bytes;        /* of the newest slab */
    uint32_t slab_count;          /* atomic for readers */
    struct unit *slabs;           /* newest first, by next; atomic for readers */
    struct pool_manager *manager; /* NULL: a plain pool */
    struct named *named;          /* its entry in the list of named and shared objects */
    const char *name;
    size_t limit_bytes; /* of its slabs; 0: none */
};

/* The `owner` in the pool's slabs: the pool's address, or for a managed pool another, so that fast paths decline. */
INLINE struct heap *pool_owner(const struct heapalloc_pool *pool) {
    uintptr_t owner = pool->manager ? (uintptr_t)&pool->manager : (uintptr_t)pool;
    return (struct heap *)owner;
}

/* True when `slab` is one of the pool's, and `block` is the start of one of its blocks. */
INLINE bool pool_is_block(const struct heapalloc_pool *pool, const struct heap *owner, const struct unit *slab,
                          const void *block) {
    (void)pool;
    uint32_t offset = (uint32_t)((uintptr_t)block & (UNIT_BYTES - 1));
    return racy_load(slab->owner) == owner && offset * racy_load(slab->recip) < racy_load(slab->start_limit);
}

/* Ends the program when it is no pool. */
void pool_check(const char *function, const struct heapalloc_pool *pool);

/* Ends the program unless `block` is the start of a block of the pool. */
void pool_check_block(const char *function, const struct heapalloc_pool *pool, const struct block *block);

/* Carve up to `most` blocks from the newest slab, or from a new one, up to the end of a page. Returns the first of
 * *count adjacent blocks; NULL: no memory, or the limit is met. */
char *pool_carve(struct heapalloc_pool *pool, uint32_t most, uint32_t *count);

/* Count a put; true: pool_pass_time() is to be called at its end. */
INLINE bool pool_count_put(int32_t *puts_left) {
    return unlikely(--*puts_left < 0);
}

/* Count a slow path, since a program may use pools and nothing else for long, and read the clock if it is due. */
void pool_pass_time(int32_t *puts_left);

/* pool_managed.c: create, get, put and destroy for a managed pool. */
bool pool_manage(struct heapalloc_pool *pool, const struct heapalloc_pool_options *options);
void *pool_managed_get(struct heapalloc_pool *pool);
void pool_managed_put(struct heapalloc_pool *pool, const char *function, void *object);
void pool_managed_end(struct heapalloc_pool *pool);

/* Ends the program when the calling thread is in the constructor of this managed pool. */
void pool_check_constructor(struct heapalloc_pool *pool, const char *function);

/* pool_stats.c: fill in the sums of any pool while its threads go on. */
void pool_read(const struct heapalloc_pool *pool, struct heapalloc_pool_stats *stats);
