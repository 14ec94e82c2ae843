/* An object of a managed pool, and the tail that says whether it is free. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "extras/pool.h"

INLINE struct block *object_tail(const struct heapalloc_pool *pool, const void *object) {
    return (struct block *)((uintptr_t)object + pool->manager->tail_bytes);
}
INLINE void *object_of(const struct heapalloc_pool *pool, const struct block *tail) {
    return (void *)((uintptr_t)tail - pool->manager->tail_bytes);
}

/* The key of an object in use. A tail behind the object has a word that an overflow destroys; otherwise it is 0. */
INLINE uintptr_t object_used_key(const struct heapalloc_pool *pool, const struct block *tail) {
    return pool->manager->tail_bytes ? ~block_key(tail, NULL, pool->secret) : 0;
}

/* Mark an object as in use. */
INLINE void object_use(const struct heapalloc_pool *pool, struct block *tail) {
    if (config_safety) tail->key = object_used_key(pool, tail);
    if (pool->manager->tail_bytes) tail->next = NULL;
}

/* Mark an object as free, and link it; in a magazine to BLOCK_END. */
INLINE void object_link(const struct heapalloc_pool *pool, struct block *tail, struct block *next) {
    block_link(tail, next, pool->secret);
}

/* End the program when a free object's tail was written to. */
INLINE void object_check_free(const struct heapalloc_pool *pool, const struct block *tail) {
    if (config_safety && unlikely(!block_is_free(tail, pool->secret)))
        check_corrupted_list("heapalloc_pool_get", object_of(pool, tail));
}

/* End the program unless the object may be put back. */
INLINE void object_check_used(const struct heapalloc_pool *pool, const char *function, const struct block *tail) {
    if (!config_safety) return;
    if (unlikely(block_is_free(tail, pool->secret))) check_already_free(function, object_of(pool, tail));
    if (pool->manager->tail_bytes && unlikely(tail->key != object_used_key(pool, tail)))
        check_misuse(function, object_of(pool, tail), "was written to beyond its end");
}
