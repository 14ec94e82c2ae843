/* Pools of equal blocks with a get that waits (heapalloc/block_pool.h). */
/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include <heapalloc/block_pool.h>

static uintptr_t lock(const struct heapalloc_block_pool *pool) {
    return pool->world.lock ? pool->world.lock(pool->world.context) : 0;
}

static void unlock(const struct heapalloc_block_pool *pool, uintptr_t locked) {
    if (pool->world.unlock) pool->world.unlock(pool->world.context, locked);
}

size_t heapalloc_block_pool_init(struct heapalloc_block_pool *pool, void *start, size_t bytes, size_t block_bytes,
                                 const struct heapalloc_block_pool_platform *world) {
    char *first = (char *)round_up((uintptr_t)start, 16);
    size_t skipped = (size_t)(first - (char *)start), size = round_up(block_bytes + (block_bytes == 0), 16);
    size_t count = size == 0 || bytes < skipped ? 0 : (bytes - skipped) / size;
    *pool =
        (struct heapalloc_block_pool){.first = first, .fresh = first, .end = first + count * size, .block_bytes = size};
    if (world) pool->world = *world;
    return count;
}

static void *take(struct heapalloc_block_pool *pool) {
    void *block = pool->free;
    if (block)
        pool->free = *(void **)block;
    else if (pool->fresh < pool->end)
        block = pool->fresh, pool->fresh += pool->block_bytes;
    if (block && ++pool->used > pool->peak) pool->peak = pool->used;
    return block;
}

/* A waiter is counted before the lock is released, so that every later put wakes it. */
void *heapalloc_block_pool_get(struct heapalloc_block_pool *pool, uint32_t ticks) {
    for (;;) {
        uintptr_t locked = lock(pool);
        void *block = take(pool);
        bool waits = !block && ticks > 0 && pool->world.wait;
        if (waits) pool->waiting++;
        unlock(pool, locked);
        if (!waits) return block;
        ticks = pool->world.wait(pool->world.context, ticks);
        locked = lock(pool);
        pool->waiting--;
        unlock(pool, locked);
    }
}

void heapalloc_block_pool_put(struct heapalloc_block_pool *pool, void *block) {
    if (!block) return;
    char *at = block;
    if (at < pool->first || at >= pool->end) check_misuse("block_pool_put", block, "is not of this pool");
    size_t inside = (size_t)(at - pool->first) % pool->block_bytes;
    if (inside) check_interior("block_pool_put", block, at - inside, pool->block_bytes);
    uintptr_t locked = lock(pool);
    bool never = at >= pool->fresh || pool->used == 0 || pool->free == block, wakes = pool->waiting > 0;
    if (!never) {
        *(void **)block = pool->free;
        pool->free = block;
        pool->used--;
    }
    unlock(pool, locked);
    if (never) check_misuse("block_pool_put", block, "is already free");
    if (wakes && pool->world.wake) pool->world.wake(pool->world.context);
}
