/* Pools: made and destroyed. */
/* SPDX-License-Identifier: MIT */
#include "extras/pool_magazine.h"
#include "heap/fast.h"
#include "heap/named.h"
#include "heap/registry.h"
#include "span/units.h"

enum { TAIL_BYTES = sizeof(struct block) };

static bool pool_are_right(const struct heapalloc_pool_options *options) {
    size_t align = options->align_bytes, most = HEAPALLOC_POOL_BYTES_MAX - (options->construct ? TAIL_BYTES : 0);
    if (options->object_bytes == 0 || options->object_bytes > most) return false;
    if (align > HEAPALLOC_POOL_BYTES_MAX || (align && !is_power_of_two(align))) return false;
    if (options->destruct && !options->construct) return false;
    return !(options->flags & ~(unsigned)HEAPALLOC_POOL_SHARED);
}

/* Bytes from one block to the next; 0: they do not fit into a slab. */
static uint32_t pool_step_bytes(const struct heapalloc_pool_options *options) {
    size_t bytes = round_up(options->object_bytes, BLOCK_ALIGN_BYTES) + (options->construct ? TAIL_BYTES : 0);
    bytes = round_up(bytes, max_size(options->align_bytes, BLOCK_ALIGN_BYTES));
    return bytes > UNIT_BYTES ? 0 : (uint32_t)bytes;
}

struct heapalloc_pool *heapalloc_pool_create_with(const struct heapalloc_pool_options *options) {
    check_place("heapalloc_pool_create_with", options, struct heapalloc_pool_options, "are no options");
    uint32_t bytes = pool_are_right(options) ? pool_step_bytes(options) : 0;
    struct heapalloc_pool *pool = bytes ? entry_alloc(sizeof(*pool), heap_self) : NULL;
    if (!pool) return NULL;
    *pool = (struct heapalloc_pool){.object.place = object_place(pool, OBJECT_POOL),
                                    .free = BLOCK_END,
                                    .secret = heap_secret(),
                                    .recip = (uint32_t)((UINT64_C(1) << 32) / bytes) + 1,
                                    .block_bytes = bytes,
                                    .name = options->name,
                                    .limit_bytes = options->limit_bytes};
    if (!pool_manage(pool, options)) {
        entry_free(pool, heap_self);
        return NULL;
    }
    if (!pool->manager && config_safety < SAFETY_HARDENED && !config_valgrind) pool->inline_mark = (uintptr_t)pool + 2;
    bool shared = options->flags & HEAPALLOC_POOL_SHARED;
    if (options->name || shared) pool->named = named_add(pool, options->name, NAMED_POOL);
    if (!shared) return pool;
    if (!pool->named) {
        entry_free(pool->manager, heap_self);
        entry_free(pool, heap_self);
        return NULL;
    }
    pool->manager->shared = pool->named;
    pool->named->put_right = magazine_put_right;
    return pool;
}

struct heapalloc_pool *heapalloc_pool_create(size_t block_bytes, size_t align_bytes) {
    struct heapalloc_pool_options options = {.object_bytes = block_bytes, .align_bytes = align_bytes};
    return heapalloc_pool_create_with(&options);
}

void heapalloc_pool_destroy(struct heapalloc_pool *pool) {
    if (!pool) return;
    pool_check("heapalloc_pool_destroy", pool);
    if (pool->manager) pool_check_constructor(pool, "heapalloc_pool_destroy");
    named_remove(pool->named);
    pool->inline_mark = 0;
    pool->object.place = 0; /* a destructor's use of the pool is misuse, as that of a destroyed one */
    if (pool->manager) pool_managed_end(pool);
    heap_enter();
    pool->last = NULL;
    pool->free = BLOCK_END;
    for (struct unit *slab = pool->slabs, *next; slab; slab = next) {
        next = slab->next;
        store_relaxed(slab->owner, NULL);
        slab->count = 1;
        slab->flags = 0;
        units_give(slab);
    }
    entry_free(pool, heap_self);
}
