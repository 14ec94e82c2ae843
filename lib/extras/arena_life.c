/* Arenas: made, rewound, reset and destroyed, with what depends on them. */
/* SPDX-License-Identifier: MIT */
#include "extras/arena.h"
#include "heap/fast.h"
#include "heap/named.h"
#include "heap/registry.h"
#include "span/units.h"

enum { SPARE_UNITS_MAX = (1 << 20) / UNIT_BYTES, ALIGN_MAX = 4096 };

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
    if (!are_right(options)) return NULL;
    if (options->parent) {
        arena_enter(options->parent, "heapalloc_arena_create");
        arena_leave(options->parent);
    }
    struct heapalloc_arena *arena = entry_alloc(sizeof(*arena), heap_self);
    if (!arena) return NULL;
    size_t align = options->align_bytes ? options->align_bytes : BLOCK_ALIGN_BYTES;
    bool locks = options->flags & HEAPALLOC_ARENA_LOCKED;
    *arena = (struct heapalloc_arena){.object.place = object_place(arena, OBJECT_ARENA),
                                      .name = options->name,
                                      .limit_bytes = options->limit_bytes,
                                      .align_bytes = align,
                                      .memory = options->memory,
                                      .memory_end = (char *)options->memory + options->memory_bytes,
                                      .chunk_units = 1,
                                      .is_plain = !locks && align == BLOCK_ALIGN_BYTES,
                                      .locks = locks};
    arena_open(arena, 0);
    if (options->name || locks) arena->named = named_add(arena, options->name, NAMED_ARENA);
    if (locks && !arena->named) {
        entry_free(arena, heap_self);
        return NULL;
    }
    if (options->parent) join(arena, options->parent);
    return arena;
}

bool heapalloc_arena_cleanup(struct heapalloc_arena *arena, void (*function)(void *argument), void *argument) {
    arena_enter(arena, "heapalloc_arena_cleanup");
    if (!function) check_misuse("heapalloc_arena_cleanup", arena, "is given a cleanup without a function");
    struct arena_cleanup *cleanup = arena_take(arena, sizeof(*cleanup), arena->align_bytes);
    if (cleanup) {
        *cleanup = (struct arena_cleanup){arena->cleanups, function, argument};
        arena->cleanups = cleanup;
    }
    arena_leave(arena);
    return cleanup;
}

/* Call the cleanups newer than `last`, each off the list and without the lock, because it may use the arena. */
static void clean_up(struct heapalloc_arena *arena, const struct arena_cleanup *last) {
    while (arena->cleanups && arena->cleanups != last) {
        struct arena_cleanup cleanup = *arena->cleanups;
        arena->cleanups = cleanup.older;
        arena_leave(arena);
        cleanup.function(cleanup.argument);
        arena_enter(arena, "heapalloc_arena_cleanup");
    }
}

static void give(struct heapalloc_arena *arena, struct unit *chunk) {
    arena->reserved_bytes -= (size_t)chunk->count << UNIT_SHIFT;
    chunk->flags = 0;
    store_relaxed(chunk->owner, NULL);
    units_give(chunk);
}

static void give_list(struct heapalloc_arena *arena, struct unit **list, const struct unit *last) {
    heap_enter();
    for (struct unit *chunk; (chunk = *list) && chunk != last;) {
        *list = chunk->next;
        give(arena, chunk);
    }
}

/* Make spares of the chunks newer than `last`. The larger ones end up first, as they were made last. */
static void empty_chunks(struct heapalloc_arena *arena, const struct unit *last) {
    struct unit *emptied = NULL;
    heap_enter();
    for (struct unit *chunk; (chunk = arena->chunks) && chunk != last;) {
        arena->chunks = chunk->next;
        if (chunk->count > SPARE_UNITS_MAX) {
            give(arena, chunk);
            continue;
        }
        chunk->next = emptied;
        emptied = chunk;
    }
    for (struct unit *chunk; (chunk = emptied);) {
        emptied = chunk->next;
        chunk->next = arena->spares;
        arena->spares = chunk;
        arena->spare_bytes += (size_t)chunk->count << UNIT_SHIFT;
    }
}

struct heapalloc_arena_position heapalloc_arena_mark(struct heapalloc_arena *arena) {
    arena_enter(arena, "heapalloc_arena_mark");
    struct heapalloc_arena_position mark = {.chunk = arena->chunks,
                                            .large = arena->larges,
                                            .cleanup = arena->cleanups,
                                            .used_bytes = arena_room(arena)->at};
    arena_leave(arena);
    return mark;
}

static bool is_in(const struct unit *list, const void *chunk) {
    while (list && list != chunk) list = list->next;
    return list == chunk;
}

/* True when the mark lies in the arena's past: the arena has what was newest then, and was not rewound beyond it. A
 * mark that was made before there was any memory is all zero. */
static bool is_past(struct heapalloc_arena *arena, struct heapalloc_arena_position mark) {
    if (!is_in(arena->chunks, mark.chunk) || !is_in(arena->larges, mark.large)) return false;
    const struct arena_cleanup *cleanup = arena->cleanups;
    while (cleanup && cleanup != mark.cleanup) cleanup = cleanup->older;
    if (cleanup != mark.cleanup) return false;
    if (!mark.chunk && mark.used_bytes == 0) return true;
    struct arena_room bounds = arena_bounds(arena, mark.chunk);
    uintptr_t end = mark.chunk == arena->chunks ? arena_room(arena)->at : bounds.end;
    return mark.used_bytes >= bounds.at && mark.used_bytes <= end && mark.used_bytes % arena->align_bytes == 0;
}

static void check_is_past(struct heapalloc_arena *arena, struct heapalloc_arena_position mark) {
    if (!is_past(arena, mark))
        check_misuse("heapalloc_arena_rewind", arena, "was rewound or reset after this mark was made");
}

/* Free what is newer than the mark, which is checked again because a cleanup may have reset the arena. */
static void free_since(struct heapalloc_arena *arena, struct heapalloc_arena_position mark) {
    clean_up(arena, mark.cleanup);
    check_is_past(arena, mark);
    give_list(arena, &arena->larges, mark.large);
    empty_chunks(arena, mark.chunk);
    arena_open(arena, mark.used_bytes);
}

void heapalloc_arena_rewind(struct heapalloc_arena *arena, struct heapalloc_arena_position mark) {
    arena_enter(arena, "heapalloc_arena_rewind");
    check_is_past(arena, mark);
    free_since(arena, mark);
    arena_leave(arena);
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
    free_since(arena, (struct heapalloc_arena_position){0});
    arena_leave(arena);
}

void heapalloc_arena_destroy(struct heapalloc_arena *arena) {
    if (!arena) return;
    arena_enter(arena, "heapalloc_arena_destroy");
    do { /* a cleanup may make a child */
        destroy_children(arena);
        clean_up(arena, NULL);
    } while (arena->child);
    part(arena);
    arena_leave(arena);   /* reports take the named list's lock first */
    arena->locks = false; /* nobody else uses it, and the lock goes with its entry */
    named_remove(arena->named);
    give_list(arena, &arena->chunks, NULL);
    give_list(arena, &arena->larges, NULL);
    give_list(arena, &arena->spares, NULL);
    arena->object.place = 0;
    arena->open = arena->own = (struct arena_room){0, 0};
    entry_free(arena, heap_self);
}

static size_t count_list(const struct unit *chunk, size_t *bytes) {
    size_t count = 0;
    for (; chunk; chunk = chunk->next, count++) *bytes += (size_t)chunk->count << UNIT_SHIFT;
    return count;
}

void heapalloc_arena_stats(struct heapalloc_arena *arena, struct heapalloc_arena_stats *stats) {
    arena_enter(arena, "heapalloc_arena_stats");
    if (!stats) check_misuse("heapalloc_arena_stats", stats, "is no place for statistics");
    size_t bytes = 0;
    *stats = (struct heapalloc_arena_stats){.name = arena->name, .reserved_bytes = arena->reserved_bytes};
    stats->chunk_count = count_list(arena->chunks, &bytes) + count_list(arena->larges, &bytes);
    stats->chunk_count += count_list(arena->spares, &bytes);
    stats->used_bytes = arena_used_bytes(arena);
    for (const struct heapalloc_arena *child = arena->child; child; child = child->next) stats->child_count++;
    arena_leave(arena);
}
