/* Arenas: made, reset and destroyed, with the children that depend on them. */
/* SPDX-License-Identifier: MIT */
#include "extras/arena.h"
#include "heap/fast.h"
#include "heap/named.h"
#include "heap/registry.h"
#include "span/units.h"

enum { ALIGN_MAX = 4096 };

static bool are_right(const struct heapalloc_arena_options *options) {
    size_t align = options->align_bytes;
    if (align && (!is_power_of_two(align) || align < BLOCK_ALIGN_BYTES || align > ALIGN_MAX)) return false;
    if (options->flags & ~(unsigned)HEAPALLOC_ARENA_LOCKED) return false;
    if (!options->memory) return options->memory_bytes == 0;
    return options->memory_bytes > 0 && options->memory_bytes <= UINTPTR_MAX - (uintptr_t)options->memory;
}

static void join(struct heapalloc_arena *arena, struct heapalloc_arena *parent) {
    arena->parent = parent;
    arena->next = parent->child;
    if (parent->child) parent->child->before = arena;
    parent->child = arena;
}

static void part(struct heapalloc_arena *arena) {
    if (!arena->parent) return;
    *(arena->before ? &arena->before->next : &arena->parent->child) = arena->next;
    if (arena->next) arena->next->before = arena->before;
}

struct heapalloc_arena *heapalloc_arena_create(const struct heapalloc_arena_options *options) {
    static const struct heapalloc_arena_options defaults;
    if (!options) options = &defaults;
    check_place("heapalloc_arena_create", options, struct heapalloc_arena_options, "are no options");
    if (!are_right(options)) return NULL;
    if (options->parent) {
        arena_enter(options->parent, "heapalloc_arena_create");
        arena_leave(options->parent);
    }
    struct heapalloc_arena *arena = entry_alloc(sizeof(*arena), heap_self);
    if (!arena) return NULL;
    size_t align = options->align_bytes ? options->align_bytes : BLOCK_ALIGN_BYTES;
    bool locks = options->flags & HEAPALLOC_ARENA_LOCKED;
    *arena =
        (struct heapalloc_arena){.object.place = object_place(arena, OBJECT_ARENA),
                                 .name = options->name,
                                 .limit_bytes = options->limit_bytes,
                                 .align_bytes = align,
                                 .memory = options->memory,
                                 .memory_end = options->memory ? (char *)options->memory + options->memory_bytes : NULL,
                                 .chunk_units = 1,
                                 .is_plain = !locks && align == BLOCK_ALIGN_BYTES,
                                 .locks = locks};
    if (arena->is_plain && config_safety < SAFETY_HARDENED && !config_valgrind)
        arena->inline_mark = (uintptr_t)arena + 1;
    arena_open(arena, 0);
    if (options->name || locks) arena->named = named_add(arena, options->name, NAMED_ARENA);
    if (locks && !arena->named) {
        entry_free(arena, heap_self);
        return NULL;
    }
    if (options->parent) join(arena, options->parent);
    return arena;
}

/* Destroy the children without the lock: a child's own has the same rank, and its cleanups may use the parent. */
static void destroy_children(struct heapalloc_arena *arena) {
    while (arena->child) {
        struct heapalloc_arena *child = arena->child;
        arena_leave(arena);
        heapalloc_arena_destroy(child);
        arena_enter(arena, "heapalloc_arena_destroy");
    }
}

void heapalloc_arena_reset(struct heapalloc_arena *arena) {
    arena_enter(arena, "heapalloc_arena_reset");
    destroy_children(arena);
    arena_free_since(arena, (struct heapalloc_arena_position){0});
    arena_leave(arena);
}

void heapalloc_arena_destroy(struct heapalloc_arena *arena) {
    if (!arena) return;
    arena_enter(arena, "heapalloc_arena_destroy");
    do { /* a cleanup may make a child */
        destroy_children(arena);
        arena_clean_up(arena, NULL);
    } while (arena->child);
    part(arena);
    arena_leave(arena);   /* reports take the named list's lock first */
    arena->locks = false; /* nobody else uses it, and the lock goes with its entry */
    named_remove(arena->named);
    arena_give_list(arena, &arena->chunks, NULL);
    arena_give_list(arena, &arena->larges, NULL);
    arena_give_list(arena, &arena->spares, NULL);
    arena->object.place = 0;
    arena->inline_mark = 0;
    arena->open = arena->own = (struct arena_room){0, 0};
    entry_free(arena, heap_self);
}

static size_t count_list(const struct unit *chunk, size_t *bytes) {
    size_t count = 0;
    for (; chunk; chunk = chunk->next, count++) *bytes += unit_bytes(chunk);
    return count;
}

void heapalloc_arena_stats(struct heapalloc_arena *arena, struct heapalloc_arena_stats *stats) {
    arena_enter(arena, "heapalloc_arena_stats");
    check_place("heapalloc_arena_stats", stats, struct heapalloc_arena_stats, "is no place for statistics");
    size_t bytes = 0;
    *stats = (struct heapalloc_arena_stats){.name = arena->name, .reserved_bytes = arena->reserved_bytes};
    stats->chunk_count = count_list(arena->chunks, &bytes) + count_list(arena->larges, &bytes);
    stats->chunk_count += count_list(arena->spares, &bytes);
    stats->used_bytes = arena_used_bytes(arena);
    for (const struct heapalloc_arena *child = arena->child; child; child = child->next) stats->child_count++;
    arena_leave(arena);
}
