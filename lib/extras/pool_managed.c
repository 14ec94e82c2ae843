/* Managed pools: shared by threads, or of objects that stay constructed. */
/* SPDX-License-Identifier: MIT */
#include "extras/pool_magazine.h"
#include "extras/pool_object.h"
#include "heap/fast.h"

enum { MAGAZINE_MIN = 4, MAGAZINE_MAX = 64, MAGAZINE_BYTES = 32768 };

/* A thread keeps two magazines: 64 KiB of objects at most, but no fewer than eight of them. */
static uint32_t magazine_size(uint32_t block_bytes) {
    uint32_t count = MAGAZINE_BYTES / block_bytes;
    return count < MAGAZINE_MIN ? MAGAZINE_MIN : count > MAGAZINE_MAX ? MAGAZINE_MAX : count;
}

bool pool_manage(struct heapalloc_pool *pool, const struct heapalloc_pool_options *options) {
    bool shared = options->flags & HEAPALLOC_POOL_SHARED;
    if (!shared && !options->construct) return true;
    struct pool_manager *manager = entry_alloc(sizeof(*manager), heap_self);
    if (!manager) return false;
    uint32_t tail = (uint32_t)round_up(options->object_bytes, BLOCK_ALIGN_BYTES);
    *manager = (struct pool_manager){.construct = options->construct,
                                     .destruct = options->destruct,
                                     .argument = options->argument,
                                     .tail_bytes = options->construct ? tail : 0,
                                     .magazine_count = shared ? magazine_size(pool->block_bytes) : 0,
                                     .stored = BLOCK_END,
                                     .raw = BLOCK_END};
    pool->manager = manager;
    return true;
}

static struct block *list_pop(const struct heapalloc_pool *pool, struct block **list, uint32_t *count) {
    struct block *tail = *list;
    if (tail == BLOCK_END) return NULL;
    object_check_free(pool, tail);
    *list = tail->next;
    store_relaxed(*count, *count - 1);
    return tail;
}

static void list_push(const struct heapalloc_pool *pool, struct block **list, uint32_t *count, struct block *tail) {
    object_link(pool, tail, *list);
    *list = tail;
    store_relaxed(*count, *count + 1);
}

/* Carve new blocks, return the first and store the others. Of objects only one, because each must be constructed and
 * the next may never be needed. */
static struct block *carve(struct heapalloc_pool *pool) {
    struct pool_manager *manager = pool->manager;
    uint32_t count;
    char *first = pool_carve(pool, manager->construct ? 1 : UNIT_BYTES, &count);
    if (!first) return NULL;
    for (uint32_t i = count; i-- > 1;)
        list_push(pool, &manager->stored, &manager->stored_count,
                  object_tail(pool, first + (size_t)i * pool->block_bytes));
    return object_tail(pool, first);
}

/* Where it is noted that the calling thread constructs; NULL: it has no entry, and there is no memory for one. */
static bool *constructs(struct heapalloc_pool *pool) {
    if (!pool->manager->magazine_count) return &pool->manager->constructs;
    struct pool_thread *thread = pool_thread_self(pool);
    return thread ? &thread->constructs : NULL;
}

void pool_check_constructor(struct heapalloc_pool *pool, const char *function) {
    const bool *noted = pool->manager->construct ? constructs(pool) : NULL;
    if (noted && *noted) check_misuse(function, pool, "is used by its own constructor");
}

static bool constructed(struct heapalloc_pool *pool, struct block *tail) {
    struct pool_manager *manager = pool->manager;
    pool_check_constructor(pool, "heapalloc_pool_get");
    bool *noted = constructs(pool);
    if (noted) *noted = true;
    bool done = manager->construct(object_of(pool, tail), manager->argument);
    if (noted) *noted = false;
    return done;
}

/* Construct an object, without the lock: a constructor may do anything but use this pool. NULL: it failed. */
static struct block *construct(struct heapalloc_pool *pool, struct block *tail) {
    struct pool_manager *manager = pool->manager;
    if (!manager->construct || constructed(pool, tail)) return tail;
    pool_lock(manager);
    list_push(pool, &manager->raw, &manager->raw_count, tail);
    pool_unlock(manager);
    return NULL;
}

static struct block *get_stored(struct heapalloc_pool *pool) {
    struct pool_manager *manager = pool->manager;
    pool_lock(manager);
    struct block *tail = list_pop(pool, &manager->stored, &manager->stored_count), *new = NULL;
    if (!tail) new = list_pop(pool, &manager->raw, &manager->raw_count);
    if (!tail && !new) new = carve(pool);
    pool_unlock(manager);
    return new ? construct(pool, new) : tail;
}

void *pool_managed_get(struct heapalloc_pool *pool) {
    struct pool_thread *thread = pool->manager->magazine_count ? pool_thread_self(pool) : NULL;
    struct block *tail = thread ? magazine_pop(pool, thread) : NULL;
    if (!tail) tail = get_stored(pool);
    if (!tail) return NULL;
    object_use(pool, tail);
    return object_of(pool, tail);
}

void pool_managed_put(struct heapalloc_pool *pool, const char *function, void *object) {
    struct pool_manager *manager = pool->manager;
    pool_check_block(function, pool, object);
    struct block *tail = object_tail(pool, object);
    object_check_used(pool, function, tail);
    bool shared = manager->magazine_count > 0;
    struct pool_thread *thread = shared ? pool_thread_self(pool) : NULL;
    if (!thread || !magazine_push(pool, thread, tail)) {
        pool_lock(manager);
        list_push(pool, &manager->stored, &manager->stored_count, tail);
        pool_unlock(manager);
    }
    int32_t *puts_left = thread ? &thread->puts_left : shared ? NULL : &pool->puts_left;
    if (puts_left && pool_count_put(puts_left)) pool_pass_time(puts_left);
}

/* Link raw objects to themselves, by which destruct() knows them. */
static void mark_raw(struct heapalloc_pool *pool) {
    struct pool_manager *manager = pool->manager;
    for (struct block *tail; (tail = list_pop(pool, &manager->raw, &manager->raw_count));)
        object_link(pool, tail, tail);
}

static void destruct(const struct heapalloc_pool *pool, void *object) {
    const struct block *tail = object_tail(pool, object);
    if (tail->next == tail) return;
    bool is_free = block_is_free(tail, pool->secret);
    if (pool->manager->forked && !is_free && tail->key != object_used_key(pool, tail)) return;
    if (config_safety && !is_free) object_check_used(pool, "heapalloc_pool_destroy", tail);
    pool->manager->destruct(object, pool->manager->argument);
}

/* Destruct every object that was constructed, free or in use. */
static void destruct_all(const struct heapalloc_pool *pool) {
    uint32_t bytes = pool->block_bytes, step = pool->recip * bytes;
    for (const struct unit *slab = pool->slabs; slab; slab = slab->next)
        for (uint32_t i = 0, count = slab->start_limit / step; i < count; i++)
            destruct(pool, slab->memory + (size_t)i * bytes);
}

void pool_managed_end(struct heapalloc_pool *pool) {
    if (pool->manager->destruct) {
        mark_raw(pool);
        destruct_all(pool);
    }
    magazine_end(pool);
    entry_free(pool->manager, heap_self);
}
