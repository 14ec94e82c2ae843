/* Reads a heap by its map: pools and arenas by their names. */
/* SPDX-License-Identifier: MIT */
#include "inspect/reader_parts.h"

/* A number of a record; 0 and `*good` becomes false: it cannot be read. */
static uint64_t number_at(struct reader *reader, uint64_t address, uint32_t bytes, bool *good) {
    uint64_t number = 0;
    if (!reader_get(reader, address, &number, bytes)) *good = false;
    return *good ? number : 0;
}

/* ---- arenas ---- */

/* The bytes between the two addresses of a pair of words. */
static uint64_t between(struct reader *reader, uint64_t address, bool *good) {
    uint64_t from = number_at(reader, address, 8, good), to = number_at(reader, address + 8, 8, good);
    return to > from ? to - from : 0;
}

static bool sum_arena(struct reader *reader, uint64_t arena, struct by_name_row *row) {
    const struct heapalloc_map *map = &reader->map;
    bool good = true;
    uint64_t reserved = number_at(reader, arena + map->arena_reserved, 8, &good);
    uint64_t all = reserved + between(reader, arena + map->arena_memory, &good);
    uint64_t unused = number_at(reader, arena + map->arena_spare, 8, &good);
    unused += between(reader, arena + map->arena_open, &good) + between(reader, arena + map->arena_own, &good);
    row->reserved_bytes += reserved;
    row->used_bytes += unused < all ? all - unused : 0;
    return good;
}

static bool sum_collected(struct reader *reader, uint64_t collected, struct by_name_row *row) {
    bool good = true;
    row->used_bytes += number_at(reader, collected + reader->map.collected_used, 8, &good);
    row->reserved_bytes += number_at(reader, collected + reader->map.collected_reserved, 8, &good);
    return good;
}

/* ---- pools ---- */

/* What is needed of a pool: `last` is free without a key, `tail` is the place of a free block's two words in it. */
struct read_pool {
    uint64_t secret, slabs, last;
    uint32_t block_bytes, recip, slab_count, tail;
};

static bool read_pool(struct reader *reader, uint64_t address, struct read_pool *pool) {
    const struct heapalloc_map *map = &reader->map;
    bool good = true;
    uint64_t manager = number_at(reader, address + map->pool_manager, 8, &good);
    *pool = (struct read_pool){
        .secret = number_at(reader, address + map->pool_secret, 8, &good),
        .slabs = number_at(reader, address + map->pool_slabs, 8, &good),
        .last = number_at(reader, address + map->pool_last, 8, &good),
        .block_bytes = (uint32_t)number_at(reader, address + map->pool_block_bytes, 4, &good),
        .recip = (uint32_t)number_at(reader, address + map->pool_recip, 4, &good),
        .slab_count = (uint32_t)number_at(reader, address + map->pool_slab_count, 4, &good),
        .tail = manager ? (uint32_t)number_at(reader, manager + map->manager_tail, 4, &good) : 0,
    };
    return good && pool->block_bytes >= 16 && pool->block_bytes <= map->unit_bytes &&
           pool->tail <= pool->block_bytes - 16;
}

/* Count the blocks handed out of a slab of `count` blocks, whose memory is copied first. */
static uint32_t count_used(struct reader *reader, const struct read_pool *pool, uint64_t memory, uint32_t count) {
    const struct heapalloc_map *map = &reader->map;
    uint32_t used = count;
    if (map->safety == 0 || !reader_get(reader, memory, reader->memory, (size_t)count * pool->block_bytes)) return used;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset = i * pool->block_bytes + pool->tail;
        uint64_t address = memory + offset;
        uint64_t next = reader_number(reader->memory + offset, map->block_next, 8);
        uint64_t key = reader_number(reader->memory + offset, map->block_key, 8);
        used -= key == ((map->key_is_sum ? address + next : address ^ next) ^ pool->secret) || address == pool->last;
    }
    return used;
}

/* Sum up a pool's slabs, the newest first. A damaged list may lead back into itself (see below). */
static bool sum_pool(struct reader *reader, uint64_t address, struct by_name_row *row) {
    const struct heapalloc_map *map = &reader->map;
    struct read_pool pool;
    if (!read_pool(reader, address, &pool)) return false;
    uint32_t step = pool.recip * pool.block_bytes; /* what the product has beyond 2^32 */
    uint64_t slab = pool.slabs, seen = 0;
    row->reserved_bytes += (uint64_t)pool.slab_count * map->unit_bytes;
    for (uint32_t i = 0; step && slab && i < pool.slab_count; i++) {
        if (slab == seen || !reader_get(reader, slab, reader->line, map->line_bytes)) return false;
        if ((i & (i + 1)) == 0) seen = slab;
        uint64_t count = LINE(reader, start_limit, 4) / step;
        if (LINE(reader, kind, 1) != HEAPALLOC_MAP_POOL || count * pool.block_bytes > map->unit_bytes) return false;
        row->used_bytes +=
            (uint64_t)count_used(reader, &pool, LINE(reader, memory, 8), (uint32_t)count) * pool.block_bytes;
        slab = LINE(reader, next, 8);
    }
    return true;
}

/* ---- the list ---- */

/* Add the object of an entry to the row of its name. An entry without either is passed over. */
static bool sum_entry(struct reader *reader, uint64_t entry, struct by_name *sums) {
    const struct heapalloc_map *map = &reader->map;
    char name[HEAPALLOC_MAP_NAME_BYTES];
    bool good = true;
    uint64_t object = number_at(reader, entry + map->named_object, 8, &good);
    uint64_t kind = number_at(reader, entry + map->named_kind, 4, &good);
    if (!good || kind > HEAPALLOC_MAP_NAMED_COLLECTED) return false;
    if (!reader_get(reader, entry + map->named_name, name, sizeof(name))) return false;
    name[sizeof(name) - 1] = 0;
    if (!object || !name[0]) return true;
    struct by_name_row *row = by_name_row_of(sums, name, (enum named_kind)kind);
    row->count++;
    return kind == HEAPALLOC_MAP_NAMED_POOL    ? sum_pool(reader, object, row)
           : kind == HEAPALLOC_MAP_NAMED_ARENA ? sum_arena(reader, object, row)
                                               : sum_collected(reader, object, row);
}

/* A damaged list may lead back into itself: it is left when an entry is met again (Brent, BIT 1980). */
bool reader_by_name(struct reader *reader, struct by_name *sums) {
    bool good = true;
    uint64_t met = 0, seen = 0;
    memset(sums, 0, sizeof(*sums));
    uint64_t entry = number_at(reader, (uintptr_t)reader->map.named, 8, &good);
    while (good && entry) {
        good = entry != seen && sum_entry(reader, entry, sums);
        if (!good) reader_fault(reader, "is in the list of named pools and arenas, but describes none", entry);
        if ((met & (met + 1)) == 0) seen = entry;
        met++;
        entry = number_at(reader, entry + reader->map.named_next, 8, &good);
    }
    return good;
}
