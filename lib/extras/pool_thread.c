/* Threads of a shared pool: the table in which each finds its magazines. */
/* SPDX-License-Identifier: MIT */
#include "extras/pool_thread.h"
#include "heap/fast.h"
#include "heap/registry.h"

enum { TABLE_FIRST = 8 };

/* Find a heap's entry without the lock: a thread's own is in the table before it looks for it, and in later tables. */
static struct pool_thread *magazine_lookup(const struct pool_table *table, const struct heap *heap) {
    if (!table) return NULL;
    struct pool_thread *thread;
    for (uint32_t i = pool_thread_place(table, heap); (thread = load_acquire(table->threads[i]));
         i = (i + 1) & table->mask)
        if (thread->heap == heap) return thread;
    return NULL;
}

static void magazine_insert(struct pool_table *table, struct pool_thread *thread) {
    uint32_t i = pool_thread_place(table, thread->heap);
    while (load_relaxed(table->threads[i])) i = (i + 1) & table->mask;
    store_release(table->threads[i], thread);
    table->count++;
}

static bool has_room(const struct pool_table *table) {
    return table && (table->count + 1) * 2 <= table->mask + 1;
}

/* Replace the table, which is full, by `larger`. Under the lock. */
static void magazine_grow(struct pool_manager *manager, struct pool_table *larger) {
    struct pool_table *old = manager->table;
    for (uint32_t i = 0; old && i <= old->mask; i++)
        if (old->threads[i]) magazine_insert(larger, old->threads[i]);
    larger->smaller = old;
    store_release(manager->table, larger);
}

static struct pool_table *table_create(uint32_t places) {
    size_t bytes = sizeof(struct pool_table) + places * sizeof(struct pool_thread *);
    struct pool_table *table = entry_alloc(bytes, heap_self);
    if (!table) return NULL;
    memset(table, 0, bytes);
    table->mask = places - 1;
    return table;
}

/* Add a thread to the table. A larger one is allocated without the lock, so the room is checked again. */
static bool enlist(struct pool_manager *manager, struct pool_thread *thread) {
    for (;;) {
        pool_lock(manager);
        const struct pool_table *table = manager->table;
        bool fits = has_room(table);
        uint32_t places = table ? (table->mask + 1) * 2 : TABLE_FIRST;
        if (fits) magazine_insert(manager->table, thread);
        pool_unlock(manager);
        if (fits) return true;
        struct pool_table *larger = table_create(places);
        if (!larger) return false;
        pool_lock(manager);
        bool wanted = manager->table == table;
        if (wanted) magazine_grow(manager, larger);
        pool_unlock(manager);
        if (!wanted) entry_free(larger, heap_self);
    }
}

struct pool_magazine *magazine_create(const struct pool_manager *manager) {
    size_t bytes = sizeof(struct pool_magazine) + manager->magazine_count * sizeof(struct block *);
    struct pool_magazine *magazine = entry_alloc(bytes, heap_self);
    if (magazine) *magazine = (struct pool_magazine){NULL, 0};
    return magazine;
}

void pool_thread_end(struct pool_thread *thread) {
    if (thread->loaded) entry_free(thread->loaded, heap_self);
    if (thread->previous) entry_free(thread->previous, heap_self);
    entry_free(thread, heap_self);
}

static NOINLINE struct pool_thread *thread_create(struct heapalloc_pool *pool) {
    struct pool_thread *thread = entry_aligned(sizeof(*thread), sizeof(*thread));
    if (!thread) return NULL;
    *thread = (struct pool_thread){
        .heap = heap_self, .loaded = magazine_create(pool->manager), .previous = magazine_create(pool->manager)};
    if (thread->loaded && thread->previous && enlist(pool->manager, thread)) return thread;
    pool_thread_end(thread);
    return NULL;
}

struct pool_thread *pool_thread_self(struct heapalloc_pool *pool) {
    heap_enter();
    if (unlikely(heap_self->state != HEAP_LIVE)) return NULL;
    struct pool_thread *thread = magazine_lookup(load_acquire(pool->manager->table), heap_self);
    if (unlikely(!thread)) thread = thread_create(pool);
    return thread;
}
