/* Pools and arenas by their names. */
/* SPDX-License-Identifier: MIT */
#include "inspect/by_name.h"
#include "extras/arena.h"
#include "extras/collected.h"
#include "extras/pool.h"

static bool is_same(const struct by_name_row *row, const char *name, enum named_kind kind) {
    size_t i = 0;
    if (row->kind != kind) return false;
    while (i < NAMED_CHARS - 1 && row->name[i] && row->name[i] == name[i]) i++;
    return i == NAMED_CHARS - 1 || row->name[i] == name[i];
}

COLD struct by_name_row *by_name_row_of(struct by_name *sums, const char *name, enum named_kind kind) {
    for (size_t i = 0; i < sums->row_count; i++)
        if (is_same(&sums->rows[i], name, kind)) return &sums->rows[i];
    if (sums->row_count == BY_NAME_ROWS) return &sums->more;
    struct by_name_row *row = &sums->rows[sums->row_count++];
    named_copy(row->name, name);
    row->kind = kind;
    return row;
}

COLD const char *by_name_kind(const struct by_name_row *row) {
    static const char *const kinds[] = {"pool", "arena", "collected"};
    return row->name[0] ? kinds[row->kind] : "others";
}

/* Add an arena, to which its thread may write without atomics meanwhile. */
NO_TSAN static void add_arena(struct by_name_row *row, struct heapalloc_arena *arena) {
    row->used_bytes += arena_used_bytes(arena);
    row->reserved_bytes += arena->reserved_bytes;
}

NO_TSAN static void add_collected(struct by_name_row *row, const struct heapalloc_collected *collected) {
    row->used_bytes += collected->used_bytes;
    row->reserved_bytes += collected->reserved_bytes;
}

static void add_pool(struct by_name_row *row, const struct heapalloc_pool *pool) {
    struct heapalloc_pool_stats stats;
    pool_read(pool, &stats);
    row->used_bytes += stats.used_blocks * stats.block_bytes;
    row->reserved_bytes += stats.reserved_bytes;
}

COLD bool by_name_read(struct by_name *sums) {
    *sums = (struct by_name){0};
    if (!lock_take(&named_lock)) return false;
    for (const struct named *entry = named_first; entry; entry = entry->next) {
        void *object = load_acquire(entry->object);
        if (!object || !entry->name[0]) continue;
        struct by_name_row *row = by_name_row_of(sums, entry->name, entry->kind);
        row->count++;
        if (entry->kind == NAMED_POOL)
            add_pool(row, object);
        else if (entry->kind == NAMED_ARENA)
            add_arena(row, object);
        else
            add_collected(row, object);
    }
    lock_give(&named_lock);
    return true;
}
