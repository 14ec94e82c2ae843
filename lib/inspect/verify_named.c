/* The verifier: the list of named and shared objects, and the pools in it. */
/* SPDX-License-Identifier: MIT */
#include "extras/collected.h"
#include "extras/pool_magazine.h"
#include "heap/named.h"
#include "inspect/verify_parts.h"

/* True when the object knows that it is one, unless it has ended. */
static bool is_in_place(const struct named *entry) {
    static const enum object_kind kinds[] = {
        [NAMED_POOL] = OBJECT_POOL, [NAMED_ARENA] = OBJECT_ARENA, [NAMED_COLLECTED] = OBJECT_COLLECTED};
    return !entry->object || object_found(entry->object, kinds[entry->kind]);
}

COLD bool verify_named(void) {
    const struct named *before = NULL;
    for (const struct named *entry = named_first; entry; before = entry, entry = entry->next)
        if (entry->before != before || !is_in_place(entry)) return false;
    return true;
}

static size_t length_of(const struct block *tail, size_t most) {
    size_t length = 0;
    for (; tail != BLOCK_END && length <= most; tail = tail->next) length++;
    return length;
}

/* True when no more is free than was carved, and the lists are as long as their counts. */
static bool named_is_sound(const struct heapalloc_pool *pool) {
    const struct pool_manager *manager = pool->manager;
    struct heapalloc_pool_stats stats;
    size_t slabs = 0;
    for (const struct unit *slab = pool->slabs; slab; slab = slab->next, slabs++)
        if (slab->kind != UNIT_POOL || slab->owner != pool_owner(pool)) return false;
    if (slabs != pool->slab_count) return false;
    if (!manager) return true;
    pool_read(pool, &stats);
    return length_of(manager->stored, manager->stored_count) == manager->stored_count &&
           length_of(manager->raw, manager->raw_count) == manager->raw_count &&
           manager->stored_count + (size_t)manager->raw_count + magazine_sum(manager) == stats.free_blocks;
}

COLD bool verify_pools(void) {
    for (const struct named *entry = named_first; entry; entry = entry->next)
        if (entry->kind == NAMED_POOL && entry->object && !named_is_sound(entry->object)) return false;
    return true;
}

static bool slab_is_sound(struct collected_slab *slab) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < slab->words; i++) used += bits_set(slab->bits[i]);
    return used == slab->used_count && used <= slab->count && slab->unit->kind == UNIT_ARENA;
}

COLD bool verify_collected(void) {
    for (const struct named *entry = named_first; entry; entry = entry->next) {
        const struct heapalloc_collected *collected = entry->kind == NAMED_COLLECTED ? entry->object : NULL;
        size_t used = 0;
        for (struct collected_slab *slab = collected ? collected->all : NULL; slab; slab = slab->next) {
            if (!slab_is_sound(slab)) return false;
            used += slab->used_count;
        }
        if (collected && used != collected->used_blocks) return false;
    }
    return true;
}
