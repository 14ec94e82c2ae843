/* Magazines: what each thread keeps of a shared pool, so that most of its calls take no lock. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "extras/pool.h"

/* What the calling thread's heap keeps of the pool, made when it keeps nothing yet. NULL: no memory, or the thread has
 * no heap. */
struct pool_thread *magazine_thread(struct heapalloc_pool *pool);

/* Take an object out of a thread's magazines, or out of a full one of the pool's. NULL: there is none. */
struct block *magazine_pop(struct heapalloc_pool *pool, struct pool_thread *thread);

/* Put an object in; a full magazine goes to the pool. False: there is no memory for another. */
bool magazine_push(struct heapalloc_pool *pool, struct pool_thread *thread, struct block *tail);

/* Objects in all of the pool's magazines. Any thread, without a lock. */
size_t magazine_sum(const struct pool_manager *manager);

/* Free all magazines and what belongs to them; the objects are the caller's concern. */
void magazine_end(struct heapalloc_pool *pool);

/* The pool's own lock, if it is shared. */
INLINE void pool_lock(struct pool_manager *manager) {
    while (manager->magazine_count && !lock_take(&manager->lock)) {
    } /* no fork freezes it */
}
INLINE void pool_unlock(struct pool_manager *manager) {
    if (manager->magazine_count) lock_give(&manager->lock);
}
