/* Pools: slabs and the carving of blocks from them; checks that a pool, or a block, is one. */
/* SPDX-License-Identifier: MIT */
#include "extras/pool.h"
#include "base/valgrind.h"
#include "heap/registry.h"
#include "heap/tick.h"
#include "slab/slab.h"
#include "span/units.h"

void pool_check(const char *function, const struct heapalloc_pool *pool) {
    if (unlikely(!object_found(pool, OBJECT_POOL))) check_misuse(function, pool, "is not a pool");
}

void pool_check_block(const char *function, const struct heapalloc_pool *pool, const struct block *block) {
    const struct unit *slab = span_unit(block);
    const struct heap *owner = pool_owner(pool);
    if (!slab || load_relaxed(slab->kind) != UNIT_POOL || load_relaxed(slab->owner) != owner)
        check_misuse(function, block, "does not belong to this pool");
    if (pool_is_block(pool, owner, slab, block)) return;
    uint32_t offset = (uint32_t)((uintptr_t)block & (UNIT_BYTES - 1));
    if (offset % pool->block_bytes == 0) check_misuse(function, block, "was never handed out by this pool");
    check_interior(function, block, (const char *)block - offset % pool->block_bytes, pool->block_bytes);
}

static struct unit *add_slab(struct heapalloc_pool *pool) {
    if (pool->limit_bytes && ((size_t)pool->slab_count + 1) << UNIT_SHIFT > pool->limit_bytes) return NULL;
    heap_enter();
    struct unit *slab = units_take(1, UNIT_LEAVING);
    if (!slab) return NULL;
    valgrind_take(slab->memory, UNIT_BYTES);
    store_relaxed(slab->recip, pool->recip);
    store_relaxed(slab->start_limit, 0);
    slab->next = pool->slabs;
    pool->carved_bytes = 0;
    store_relaxed(slab->owner, pool_owner(pool));
    store_relaxed(slab->kind, UNIT_POOL);
    store_release(pool->slabs, slab);
    store_relaxed(pool->slab_count, pool->slab_count + 1);
    return slab;
}

char *pool_carve(struct heapalloc_pool *pool, uint32_t most, uint32_t *count) {
    uint32_t bytes = pool->block_bytes;
    struct unit *slab = pool->slabs;
    if (!slab || pool->carved_bytes + bytes > UNIT_BYTES) slab = add_slab(pool);
    if (!slab) return NULL;
    uint32_t from = pool->carved_bytes / bytes, capacity = UNIT_BYTES / bytes;
    uint32_t to = (uint32_t)min_size(slab_carve_to(from, bytes), capacity);
    if (to - from > most) to = from + most;
    store_relaxed(slab->start_limit, to * (pool->recip * bytes));
    pool->carved_bytes = to * bytes;
    *count = to - from;
    return slab->memory + (size_t)from * bytes;
}

void pool_pass_time(int32_t *puts_left) {
    debug_check(*puts_left < 0); /* less than -1 in a fork's child, where another thread was here */
    *puts_left = RETURNS_PURGING - 1;
    struct heap *heap = heap_self;
    if (heap->state != HEAP_LIVE) return;
    pace_run(heap);
    heap_tick_if_due(heap);
}
