/* Magazines: what each thread keeps of a shared pool, so that most of its calls take no lock. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "extras/pool_object.h"
#include "extras/pool_thread.h"

/* Take an object out of the loaded magazine; NULL: it is empty. */
INLINE struct block *magazine_pop_loaded(const struct heapalloc_pool *pool, struct pool_thread *thread) {
    struct pool_magazine *magazine = thread->loaded;
    uint32_t count = magazine->count;
    if (unlikely(count == 0)) return NULL;
    struct block *tail = magazine->rounds[count - 1];
    store_relaxed(magazine->count, count - 1);
    object_check_free(pool, tail);
    return tail;
}

/* Put an object into the loaded magazine; false: it is full. */
INLINE bool magazine_push_loaded(const struct heapalloc_pool *pool, struct pool_thread *thread, struct block *tail) {
    struct pool_magazine *magazine = thread->loaded;
    uint32_t count = magazine->count;
    if (unlikely(count == pool->manager->magazine_count)) return false;
    object_link(pool, tail, BLOCK_END);
    magazine->rounds[count] = tail;
    store_release(magazine->count, count + 1); /* a fork may come in between */
    return true;
}

/* Take an object out of a thread's magazines, or out of a full one of the pool's. NULL: there is none. */
struct block *magazine_pop(struct heapalloc_pool *pool, struct pool_thread *thread);

/* Put an object into a thread's magazines; a full one goes to the pool. False: there is no memory for another. */
bool magazine_push(struct heapalloc_pool *pool, struct pool_thread *thread, struct block *tail);

/* Objects in all of the pool's magazines. Any thread, without a lock. */
size_t magazine_sum(const struct pool_manager *manager);

/* In the child of a fork: repair magazines that the parent's other threads had half exchanged. */
void magazine_put_right(void *pool);

/* Free all magazines and what belongs to them; the objects are the caller's concern. */
void magazine_end(struct heapalloc_pool *pool);
