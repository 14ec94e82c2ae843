/* Magazines: objects that a thread takes from its own, or exchanges with those of the shared pool. */
/* SPDX-License-Identifier: MIT */
#include "extras/pool_magazine.h"
#include "heap/fast.h"
#include "heap/registry.h"

static void exchange(struct pool_thread *thread) {
    struct pool_magazine *loaded = thread->loaded;
    store_relaxed(thread->loaded, thread->previous);
    store_relaxed(thread->previous, loaded);
}

/* Exchange the thread's empty magazine for a full one of the pool's. */
static bool load_full(struct pool_manager *manager, struct pool_thread *thread) {
    if (load_relaxed(manager->full_count) == 0) return false;
    pool_lock(manager);
    struct pool_magazine *full = manager->full, *empty = thread->loaded;
    if (full) {
        manager->full = full->next;
        store_relaxed(manager->full_count, manager->full_count - 1);
        empty->next = manager->empty;
        manager->empty = empty;
        store_relaxed(thread->loaded, full);
    }
    pool_unlock(manager);
    return full;
}

struct block *magazine_pop(struct heapalloc_pool *pool, struct pool_thread *thread) {
    if (thread->loaded->count == 0 && thread->previous->count > 0) exchange(thread);
    if (thread->loaded->count == 0 && !load_full(pool->manager, thread)) return NULL;
    return magazine_pop_loaded(pool, thread);
}

/* Both magazines are full: give one to the pool in exchange for an empty one of the pool's, or a new one. */
static bool unload_full(struct pool_manager *manager, struct pool_thread *thread) {
    pool_lock(manager);
    struct pool_magazine *empty = manager->empty;
    if (empty) manager->empty = empty->next;
    pool_unlock(manager);
    if (!empty && !(empty = magazine_create(manager))) return false;
    struct pool_magazine *full = thread->previous;
    store_relaxed(thread->previous, thread->loaded);
    store_relaxed(thread->loaded, empty);
    pool_lock(manager);
    full->next = manager->full;
    manager->full = full;
    store_relaxed(manager->full_count, manager->full_count + 1);
    pool_unlock(manager);
    return true;
}

bool magazine_push(struct heapalloc_pool *pool, struct pool_thread *thread, struct block *tail) {
    uint32_t most = pool->manager->magazine_count;
    if (thread->loaded->count == most && thread->previous->count < most) exchange(thread);
    if (thread->loaded->count == most && !unload_full(pool->manager, thread)) return false;
    return magazine_push_loaded(pool, thread, tail);
}

NO_TSAN static uint32_t count_of(struct pool_magazine *const *magazine) {
    return load_relaxed(load_relaxed(*magazine)->count);
}

COLD size_t magazine_sum(const struct pool_manager *manager) {
    const struct pool_table *table = load_acquire(manager->table);
    size_t sum = (size_t)load_relaxed(manager->full_count) * manager->magazine_count;
    for (uint32_t i = 0; table && i <= table->mask; i++) {
        const struct pool_thread *thread = load_acquire(table->threads[i]);
        if (thread) sum += count_of(&thread->loaded) + count_of(&thread->previous);
    }
    return sum;
}

/* Repair entries in a fork's child: nobody else constructs, and a thread stopped in an exchange has one magazine twice,
 * and has lost the other with its objects. Without memory for a new one the entry belongs to no heap any more. */
COLD void magazine_put_right(void *pool) {
    struct pool_manager *manager = ((struct heapalloc_pool *)pool)->manager;
    struct pool_table *table = manager->table;
    manager->forked = true;
    for (uint32_t i = 0; table && i <= table->mask; i++) {
        struct pool_thread *thread = table->threads[i];
        if (!thread || thread->heap == heap_self) continue;
        thread->constructs = false;
        if (thread->loaded != thread->previous) continue;
        thread->previous = magazine_create(manager);
        if (!thread->previous) thread->heap = NULL;
    }
}

static void end_list(struct pool_magazine *magazine) {
    for (struct pool_magazine *next; magazine; magazine = next) {
        next = magazine->next;
        entry_free(magazine, heap_self);
    }
}

COLD void magazine_end(struct heapalloc_pool *pool) {
    struct pool_table *table = pool->manager->table;
    for (uint32_t i = 0; table && i <= table->mask; i++)
        if (table->threads[i]) pool_thread_end(table->threads[i]);
    for (struct pool_table *smaller; table; table = smaller) {
        smaller = table->smaller;
        entry_free(table, heap_self);
    }
    end_list(pool->manager->full);
    end_list(pool->manager->empty);
}
