/* Magazines: what each thread keeps of a shared pool, so that most of its calls take no lock. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "extras/pool_object.h"
#include "heap/thread.h"

/* The place where the look-up of a heap's entry begins. */
INLINE uint32_t magazine_place(const struct pool_table *table, const struct heap *heap) {
    return (uint32_t)(((uintptr_t)heap >> 6) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & table->mask;
}

/* The calling thread's entry, if it is at its first place. Without the lock: a thread's own entry is in the table
 * before the thread looks for it, and in all later tables. */
INLINE struct pool_thread *magazine_find(const struct heapalloc_pool *pool) {
    const struct pool_table *table = load_acquire(pool->manager->table);
    struct pool_thread *thread = table ? load_acquire(table->threads[magazine_place(table, heap_self)]) : NULL;
    return likely(thread && thread->heap == heap_self) ? thread : NULL;
}

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

/* The entry of the calling thread's heap, made when there is none. NULL: no memory, or the thread has no heap. */
struct pool_thread *magazine_thread(struct heapalloc_pool *pool);

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

/* Take the pool's lock, if it is shared; give it back. */
INLINE void pool_lock(struct pool_manager *manager) {
    if (manager->magazine_count) named_enter(manager->shared);
}
INLINE void pool_unlock(struct pool_manager *manager) {
    if (manager->magazine_count) named_leave(manager->shared);
}
