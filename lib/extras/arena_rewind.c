/* Arenas: cleanups, marks, and what a rewind frees. */
/* SPDX-License-Identifier: MIT */
#include "extras/arena.h"
#include "heap/registry.h"
#include "span/units.h"

enum { SPARE_UNITS_MAX = (1 << 20) / UNIT_BYTES };

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

void arena_clean_up(struct heapalloc_arena *arena, const struct arena_cleanup *last) {
    while (arena->cleanups && arena->cleanups != last) {
        struct arena_cleanup cleanup = *arena->cleanups;
        arena->cleanups = cleanup.older;
        arena_leave(arena);
        cleanup.function(cleanup.argument);
        arena_enter(arena, "heapalloc_arena_cleanup");
    }
}

static void give_chunk(struct heapalloc_arena *arena, struct unit *chunk) {
    arena->reserved_bytes -= unit_bytes(chunk);
    chunk->flags = 0;
    store_relaxed(chunk->owner, NULL);
    units_give(chunk);
}

void arena_give_list(struct heapalloc_arena *arena, struct unit **list, const struct unit *last) {
    heap_enter();
    for (struct unit *chunk; (chunk = *list) && chunk != last;) {
        *list = chunk->next;
        give_chunk(arena, chunk);
    }
}

/* Make a spare of an emptied chunk: the larger ones are used first, and those of one size in the order in which they
 * come back. */
static void spare_chunk(struct heapalloc_arena *arena, struct unit *chunk) {
    struct unit **at = &arena->spares;
    while (*at && (*at)->count > chunk->count) at = &(*at)->next;
    chunk->next = *at;
    *at = chunk;
    arena->spare_bytes += unit_bytes(chunk);
}

/* Make spares of the chunks newer than `last`, the newest first: what was used first is used first again, so that runs
 * of the same work use the same memory, which caches have, and not by turns another part of it. Only chunks of less
 * than the usual size, of which there are few, are sorted in behind others, so this is O(chunks). */
static void empty_chunks(struct heapalloc_arena *arena, const struct unit *last) {
    heap_enter();
    for (struct unit *chunk; (chunk = arena->chunks) && chunk != last;) {
        arena->chunks = chunk->next;
        if (chunk->count > SPARE_UNITS_MAX)
            give_chunk(arena, chunk);
        else
            spare_chunk(arena, chunk);
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

void arena_free_since(struct heapalloc_arena *arena, struct heapalloc_arena_position mark) {
    arena_clean_up(arena, mark.cleanup);
    check_is_past(arena, mark);
    arena_give_list(arena, &arena->larges, mark.large);
    empty_chunks(arena, mark.chunk);
    arena_open(arena, mark.used_bytes);
}

void heapalloc_arena_rewind(struct heapalloc_arena *arena, struct heapalloc_arena_position mark) {
    arena_enter(arena, "heapalloc_arena_rewind");
    check_is_past(arena, mark);
    arena_free_since(arena, mark);
    arena_leave(arena);
}
