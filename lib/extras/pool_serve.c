/* Pools: get and put; blocks of one size, last in, first out.
 *
 * Slabs have the unit lines, start check and block keys that malloc's have. The line's `owner` is the pool, so one
 * compare shows that a block is the pool's, and free() of one reports whose it is.
 * The block put back last is kept outside of the list and is not written to: a program that alternates put and get then
 * waits for no store of its own. It has no key, so the next put compares its block with it, and then lists it.
 * Puts are counted, and let time pass now and then: else a program that uses pools alone kept what it freed before. */
/* SPDX-License-Identifier: MIT */
#include "extras/pool_magazine.h"
#include "heap/fast.h"
#include <heapalloc/pool_inline.h>

_Static_assert(offsetof(struct heapalloc_pool, last) == offsetof(struct heapalloc_pool_last_1, last) &&
                   offsetof(struct heapalloc_pool, taken) == offsetof(struct heapalloc_pool_last_1, taken) &&
                   offsetof(struct heapalloc_pool, inline_mark) == offsetof(struct heapalloc_pool_last_1, mark) &&
                   offsetof(struct heapalloc_pool, puts_left) == offsetof(struct heapalloc_pool_last_1, puts_left),
               "programs were compiled for layout 1: another one needs names and a symbol version of its own");

/* What a shared pool's get does most of the time: an object from the thread's loaded magazine. */
INLINE void *get_loaded(struct heapalloc_pool *pool) {
    struct pool_thread *thread = pool_thread_find(pool);
    struct block *tail = thread ? magazine_pop_loaded(pool, thread) : NULL;
    if (unlikely(!tail)) return pool_managed_get(pool);
    object_use(pool, tail);
    return object_of(pool, tail);
}

static NOINLINE void *get_slow(struct heapalloc_pool *pool) {
    pool_check("heapalloc_pool_get", pool);
    if (pool->manager) return get_loaded(pool);
    if (pool->free == BLOCK_END) {
        uint32_t count;
        char *first = pool_carve(pool, UNIT_BYTES, &count);
        if (!first) return NULL;
        for (uint32_t i = count; i-- > 0;) {
            struct block *block = (struct block *)(first + (size_t)i * pool->block_bytes);
            block_link(block, pool->free, pool->secret);
            pool->free = block;
        }
    }
    struct block *block = pool->free;
    if (!block_is_free(block, pool->secret)) check_corrupted_list("heapalloc_pool_get", block);
    pool->free = block->next;
    block_clear(block);
    return block;
}

/* Get the last block, or the first of the list; `slow`, in tail position, serves the rest. */
INLINE void *get_with(struct heapalloc_pool *pool, void *(*slow)(struct heapalloc_pool *)) {
    struct block *block = pool->last;
    if (block) {
        pool->last = NULL;
        return block;
    }
    block = pool->free;
    if (unlikely(!block_is_free(block, pool->secret))) return slow(pool);
    pool->free = block->next;
    block_clear(block);
    return block;
}

HOT void *heapalloc_pool_get(struct heapalloc_pool *pool) {
    if (unlikely(!object_is(pool, OBJECT_POOL))) return get_slow(pool);
    return get_with(pool, get_slow);
}

/* Keep `block` as the last one, and list the one that was kept before. */
INLINE void keep(struct heapalloc_pool *pool, struct block *block) {
    struct block *last = pool->last;
    pool->last = block;
    pool->taken = NULL; /* it may be this block, which no inline code may put back again */
    if (likely(!last)) return;
    block_link(last, pool->free, pool->secret);
    pool->free = last;
}

/* Keep a block that was checked, then let time pass. */
static NOINLINE void put_due(struct heapalloc_pool *pool, struct block *block) {
    keep(pool, block);
    pool_pass_time(&pool->puts_left);
}

/* Keep a block that was checked; what is rare is called in tail position. */
INLINE void keep_counted(struct heapalloc_pool *pool, struct block *block) {
    if (pool_count_put(&pool->puts_left)) return put_due(pool, block);
    keep(pool, block);
}

static NOINLINE void put_named(struct heapalloc_pool *pool, struct block *block, const char *function) {
    pool_check(function, pool);
    if (block == NULL) return;
    if (pool->manager) return pool_managed_put(pool, function, block);
    pool_check_block(function, pool, block);
    if (config_safety && (block == pool->last || block_is_free(block, pool->secret)))
        check_already_free(function, block);
    keep_counted(pool, block);
}

/* What a shared pool's put does most of the time; false: the slow path decides. */
INLINE bool put_loaded(struct heapalloc_pool *pool, struct block *object) {
    size_t offset = (size_t)((char *)object - racy_load(span_home.base));
    if (unlikely(offset >= racy_load(span_home.bytes))) return false;
    if (unlikely(!pool_is_block(pool, pool_owner(pool), span_line(&span_home, offset), object))) return false;
    struct pool_thread *thread = pool_thread_find(pool);
    struct block *tail = object_tail(pool, object);
    if (unlikely(!thread)) return false;
    object_check_used(pool, "heapalloc_pool_put", tail);
    if (!magazine_push_loaded(pool, thread, tail)) return false;
    if (pool_count_put(&thread->puts_left)) pool_pass_time(&thread->puts_left);
    return true;
}

static NOINLINE void put_slow(struct heapalloc_pool *pool, struct block *block) {
    if (likely(object_found(pool, OBJECT_POOL)) && pool->manager && put_loaded(pool, block)) return;
    put_named(pool, block, "heapalloc_pool_put");
}

/* True when a block of a plain pool can be kept without further checks. */
INLINE bool is_right(struct heapalloc_pool *pool, struct block *block) {
    size_t offset = (size_t)((char *)block - racy_load(span_home.base));
    if (unlikely(offset >= racy_load(span_home.bytes))) return false;
    if (!config_safety) return object_is(pool, OBJECT_POOL) && !pool->manager;
    const struct unit *slab = span_line(&span_home, offset);
    /* Its owner is the pool, which need not be looked at before. */
    return pool_is_block(pool, (struct heap *)pool, slab, block) && racy_load(slab->kind) == UNIT_POOL &&
           block != pool->last && !block_may_be_free(block);
}

HOT void heapalloc_pool_put(struct heapalloc_pool *pool, void *block) {
    if (unlikely(!is_right(pool, block))) return put_slow(pool, block);
    keep_counted(pool, block);
}

HOT void *heapalloc_pool_get_last_1(struct heapalloc_pool *pool) {
    return heapalloc_pool_get(pool);
}

HOT void heapalloc_pool_put_last_1(struct heapalloc_pool *pool, void *block) {
    heapalloc_pool_put(pool, block);
}

/* Take blocks off the list, whose first stays in a register meanwhile: no get waits for the store of the one before. */
INLINE size_t get_listed(struct heapalloc_pool *pool, void **blocks, size_t count) {
    struct block *block = pool->free;
    uintptr_t secret = pool->secret;
    size_t got = 0;
    while (got < count && likely(block_is_free(block, secret))) {
        struct block *next = block->next;
        block_clear(block);
        blocks[got++] = block;
        block = next;
    }
    pool->free = block;
    return got;
}

size_t heapalloc_pool_get_many(struct heapalloc_pool *pool, void **blocks, size_t count) {
    pool_check("heapalloc_pool_get_many", pool);
    size_t got = 0;
    if (count > 0) check_place("heapalloc_pool_get_many", blocks, void *, "is no room for blocks");
    while (got < count) {
        if (!pool->last && !pool->manager) got += get_listed(pool, blocks + got, count - got);
        if (got == count || !(blocks[got] = get_with(pool, get_slow))) break;
        got++;
    }
    return got;
}

/* List the block that is kept outside of the list. */
INLINE void list_last(struct heapalloc_pool *pool) {
    if (!pool->last) return;
    block_link(pool->last, pool->free, pool->secret);
    pool->free = pool->last;
    pool->last = NULL;
}

/* List blocks up to the first that needs a look; returns how many. */
INLINE size_t put_listed(struct heapalloc_pool *pool, void *const *blocks, size_t count) {
    list_last(pool);
    pool->taken = NULL; /* it may be among them */
    struct block *free = pool->free;
    uintptr_t secret = pool->secret;
    size_t done = 0;
    for (; done < count && likely(is_right(pool, blocks[done])); done++) {
        struct block *block = blocks[done];
        block_link(block, free, secret);
        free = block;
    }
    pool->free = free;
    return done;
}

/* Count puts that were not counted one by one. */
INLINE void count_puts(struct heapalloc_pool *pool, size_t count) {
    bool due = pool->puts_left < 0 || count > (size_t)pool->puts_left;
    pool->puts_left = due ? -1 : pool->puts_left - (int32_t)count;
    if (due) pool_pass_time(&pool->puts_left);
}

void heapalloc_pool_put_many(struct heapalloc_pool *pool, void *const *blocks, size_t count) {
    pool_check("heapalloc_pool_put_many", pool);
    if (count > 0) check_place("heapalloc_pool_put_many", blocks, void *, "is no list of blocks");
    for (size_t done = 0; done < count; done++) {
        size_t listed = pool->manager ? 0 : put_listed(pool, blocks + done, count - done);
        if (listed > 0) count_puts(pool, listed);
        done += listed;
        if (done < count) put_named(pool, blocks[done], "heapalloc_pool_put_many");
    }
}
