/* Pools: blocks of one size from slabs of their own, last in, first out.
 *
 * The same unit lines, start check and block keys as under malloc; the line's `owner` is the pool, so a block is
 * known to be the pool's by one compare, and free() of one says whose it is.
 * The block put back last waits outside of the list and is not written to: a program that puts and gets in turn then
 * waits for no store of its own. It has no key, so the next put compares with it; the one after that lists it. */
/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/valgrind.h"
#include "heap/alloc.h"
#include "heap/fast.h"
#include "heap/registry.h"
#include "span/units.h"
#include <heapalloc/heapalloc.h>

#define POOL_MARK ((uintptr_t)0x686561706f6f6c73)

/* As an arena's (extras/arena.h), its first words keep misuse from being served: where an arena has its room this has
 * none, and of a freed struct the heap overwrites the first two. */
struct heapalloc_pool {
    uintptr_t overwritten[2];
    struct block *last; /* put back last, in no list; or NULL */
    struct block *free;
    uintptr_t no_room[2];
    uintptr_t secret;
    uint32_t recip;
    uint32_t block_bytes;
    uint32_t carved_bytes; /* of the newest slab */
    uintptr_t mark;        /* POOL_MARK ^ address, while the pool lives */
    struct unit *slabs;    /* newest first, by next */
};

INLINE struct heap *as_owner(struct heapalloc_pool *pool) {
    return (struct heap *)pool;
}

static void check_pool(const char *function, const struct heapalloc_pool *pool) {
    if (unlikely(!pool || pool->mark != (POOL_MARK ^ (uintptr_t)pool))) check_misuse(function, pool, "is not a pool");
}

struct heapalloc_pool *heapalloc_pool_create(size_t block_bytes, size_t align_bytes) {
    if (block_bytes == 0 || block_bytes > HEAPALLOC_POOL_BYTES_MAX || align_bytes > HEAPALLOC_POOL_BYTES_MAX ||
        (align_bytes && !is_power_of_two(align_bytes)))
        return NULL;
    if (align_bytes < BLOCK_ALIGN_BYTES) align_bytes = BLOCK_ALIGN_BYTES;
    struct heapalloc_pool *pool = entry_alloc(sizeof(*pool), heap_self);
    if (!pool) return NULL;
    uint32_t bytes = (uint32_t)round_up(block_bytes, align_bytes);
    *pool = (struct heapalloc_pool){.free = BLOCK_END,
                                    .secret = heap_secret(),
                                    .recip = (uint32_t)((UINT64_C(1) << 32) / bytes) + 1,
                                    .block_bytes = bytes,
                                    .mark = POOL_MARK ^ (uintptr_t)pool};
    return pool;
}

static struct unit *add_slab(struct heapalloc_pool *pool) {
    heap_enter();
    struct unit *slab = units_take(1, UNIT_LEAVING);
    if (!slab) return NULL;
    valgrind_take(slab->memory, UNIT_BYTES);
    slab->recip = pool->recip;
    slab->start_limit = 0;
    slab->next = pool->slabs;
    pool->slabs = slab;
    pool->carved_bytes = 0;
    racy_store(slab->owner, as_owner(pool));
    racy_store(slab->kind, UNIT_POOL);
    return slab;
}

/* Carve the newest slab's next page, or a new slab's first, into the free list. */
static bool carve(struct heapalloc_pool *pool) {
    uint32_t bytes = pool->block_bytes;
    struct unit *slab = pool->slabs;
    if (!slab || pool->carved_bytes + bytes > UNIT_BYTES) slab = add_slab(pool);
    if (!slab) return false;
    uint32_t from = pool->carved_bytes / bytes;
    uint32_t to = slab_carve_to(from, bytes), capacity = UNIT_BYTES / bytes;
    if (to > capacity) to = capacity;
    for (uint32_t i = to; i-- > from;) {
        struct block *block = (struct block *)(slab->memory + (size_t)i * bytes);
        block_link(block, pool->free, pool->secret);
        pool->free = block;
    }
    slab->start_limit = to * (pool->recip * bytes);
    pool->carved_bytes = to * bytes;
    return true;
}

static NOINLINE void *get_slow(struct heapalloc_pool *pool) {
    check_pool("heapalloc_pool_get", pool);
    if (pool->free == BLOCK_END && !carve(pool)) return NULL;
    struct block *block = pool->free;
    if (!block_is_free(block, pool->secret))
        check_misuse("heapalloc_pool_get", block, "was written to after it was freed: corrupted list");
    pool->free = block->next;
    block_clear(block);
    return block;
}

HOT void *heapalloc_pool_get(struct heapalloc_pool *pool) {
    if (unlikely(!pool)) return get_slow(pool);
    struct block *block = pool->last;
    if (block) {
        pool->last = NULL;
        return block;
    }
    block = pool->free;
    if (unlikely(!block_is_free(block, pool->secret))) return get_slow(pool);
    pool->free = block->next;
    block_clear(block);
    return block;
}

/* True when `block` lies in one of the pool's slabs, `slab`, and is the start of one of its blocks. */
INLINE bool is_block(struct heapalloc_pool *pool, const struct unit *slab, const void *block) {
    uint32_t offset = (uint32_t)((uintptr_t)block & (UNIT_BYTES - 1));
    return racy_load(slab->owner) == as_owner(pool) && offset * slab->recip < slab->start_limit;
}

/* Let `block` be the last, and list the one that was. */
INLINE void keep(struct heapalloc_pool *pool, struct block *block) {
    struct block *last = pool->last;
    pool->last = block;
    if (likely(!last)) return;
    block_link(last, pool->free, pool->secret);
    pool->free = last;
}

static NOINLINE void put_slow(struct heapalloc_pool *pool, struct block *block) {
    check_pool("heapalloc_pool_put", pool);
    if (block == NULL) return;
    struct unit *slab = span_unit(block);
    if (!slab || slab->kind != UNIT_POOL || slab->owner != as_owner(pool))
        check_misuse("heapalloc_pool_put", block, "does not belong to this pool");
    uint32_t offset = (uint32_t)((uintptr_t)block & (UNIT_BYTES - 1));
    if (!is_block(pool, slab, block))
        check_interior("heapalloc_pool_put", block, (char *)block - offset % pool->block_bytes, pool->block_bytes);
    if (config_safety && (block == pool->last || block_is_free(block, pool->secret)))
        check_misuse("heapalloc_pool_put", block, "is already free");
    keep(pool, block);
}

HOT void heapalloc_pool_put(struct heapalloc_pool *pool, void *block) {
    if (unlikely(!pool)) return put_slow(pool, block);
    size_t offset = (size_t)((char *)block - span_home.base);
    if (unlikely(offset >= racy_load(span_home.bytes))) return put_slow(pool, block);
    if (config_safety && unlikely(!is_block(pool, span_line(&span_home, offset), block) || block == pool->last ||
                                  block_may_be_free(block)))
        return put_slow(pool, block);
    keep(pool, block);
}

void heapalloc_pool_destroy(struct heapalloc_pool *pool) {
    if (!pool) return;
    check_pool("heapalloc_pool_destroy", pool);
    heap_enter();
    pool->mark = 0;
    pool->last = NULL;
    pool->free = BLOCK_END;
    for (struct unit *slab = pool->slabs, *next; slab; slab = next) {
        next = slab->next;
        racy_store(slab->owner, NULL);
        slab->count = 1;
        slab->flags = 0;
        units_give(slab);
    }
    entry_free(pool, heap_self);
}
