/* Sums of a pool, while its threads go on. */
/* SPDX-License-Identifier: MIT */
#include "extras/pool_magazine.h"
#include "heap/fast.h"

/* Count the blocks whose keys say free. Others may write to blocks meanwhile, so the count is approximate. */
NO_TSAN static size_t count_free(const struct heapalloc_pool *pool, const struct unit *slab) {
    uint32_t bytes = pool->block_bytes, count = load_relaxed(slab->start_limit) / (pool->recip * bytes);
    size_t free = 0;
    for (uint32_t i = 0; config_safety && i < count; i++)
        free += block_is_free((const struct block *)(slab->memory + (size_t)i * bytes), pool->secret);
    return free;
}

static size_t plain_free(const struct heapalloc_pool *pool) {
    size_t free = load_relaxed(pool->last) != NULL;
    for (const struct unit *slab = load_acquire(pool->slabs); slab; slab = slab->next) free += count_free(pool, slab);
    return free;
}

static size_t managed_free(const struct pool_manager *manager) {
    return load_relaxed(manager->stored_count) + (size_t)load_relaxed(manager->raw_count) + magazine_sum(manager);
}

static size_t carved_blocks(const struct heapalloc_pool *pool) {
    size_t carved = 0;
    uint32_t step = pool->recip * pool->block_bytes;
    for (const struct unit *slab = load_acquire(pool->slabs); slab; slab = slab->next)
        carved += load_relaxed(slab->start_limit) / step;
    return carved;
}

COLD void pool_read(const struct heapalloc_pool *pool, struct heapalloc_pool_stats *stats) {
    size_t carved = carved_blocks(pool), free = pool->manager ? managed_free(pool->manager) : plain_free(pool);
    if (free > carved) free = carved; /* some were put back meanwhile */
    *stats = (struct heapalloc_pool_stats){.name = pool->name,
                                           .block_bytes = pool->block_bytes,
                                           .used_blocks = carved - free,
                                           .free_blocks = free,
                                           .reserved_bytes = (size_t)load_relaxed(pool->slab_count) << UNIT_SHIFT};
}

COLD void heapalloc_pool_stats(struct heapalloc_pool *pool, struct heapalloc_pool_stats *stats) {
    pool_check("heapalloc_pool_stats", pool);
    check_place("heapalloc_pool_stats", stats, struct heapalloc_pool_stats, "is no place for statistics");
    pool_read(pool, stats);
}
