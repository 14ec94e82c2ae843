/* Threads of a shared pool: each heap's entry, in a table that is read without a lock. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "extras/pool.h"
#include "heap/thread.h"

/* The place where the look-up of a heap's entry begins. */
INLINE uint32_t pool_thread_place(const struct pool_table *table, const struct heap *heap) {
    return (uint32_t)(((uintptr_t)heap >> 6) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & table->mask;
}

/* The calling thread's entry, if it is at its first place. Without the lock: a thread's own entry is in the table
 * before the thread looks for it, and in all later tables. */
INLINE struct pool_thread *pool_thread_find(const struct heapalloc_pool *pool) {
    const struct pool_table *table = load_acquire(pool->manager->table);
    struct pool_thread *thread = table ? load_acquire(table->threads[pool_thread_place(table, heap_self)]) : NULL;
    return likely(thread && thread->heap == heap_self) ? thread : NULL;
}

/* The entry of the calling thread's heap, made when there is none. NULL: no memory, or the thread has no heap. */
struct pool_thread *pool_thread_self(struct heapalloc_pool *pool);

/* An empty magazine; NULL: no memory. */
struct pool_magazine *magazine_create(const struct pool_manager *manager);

/* Free an entry with its magazines. */
void pool_thread_end(struct pool_thread *thread);

/* Take the pool's lock, if it is shared; give it back. */
INLINE void pool_lock(struct pool_manager *manager) {
    if (manager->magazine_count) named_enter(manager->shared);
}
INLINE void pool_unlock(struct pool_manager *manager) {
    if (manager->magazine_count) named_leave(manager->shared);
}
