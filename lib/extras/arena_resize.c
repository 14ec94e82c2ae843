/* Arenas: blocks that become longer or shorter, or are given back. */
/* SPDX-License-Identifier: MIT */
#include "extras/arena.h"
#include "heap/alloc.h"

/* True when the block is the newest of the current chunk: its end, rounded up, is where the next one begins. It must
 * not begin before the chunk, whatever size the caller passed. */
static bool is_newest(struct heapalloc_arena *arena, const void *block, size_t bytes) {
    if (bytes > ALLOC_BYTES_MAX) return false;
    size_t whole = round_up(bytes + (bytes == 0), arena->align_bytes);
    return (uintptr_t)block + whole == arena_room(arena)->at &&
           (uintptr_t)block >= arena_bounds(arena, arena->chunks).at;
}

/* Where blocks may lie in the chunk or memory that contains `p`; {0, 0}: it is not the arena's. Only chunks with more
 * than one block have blocks outside of their head unit, and these chunks are short enough to step back to it. */
static struct arena_room around(struct heapalloc_arena *arena, const void *p) {
    const struct unit *head = span_unit(p), *line = head;
    for (int i = 1; head && i < ARENA_CHUNK_UNITS_MAX && load_relaxed(head->kind) == UNIT_INSIDE; i++) head--;
    if (head && load_relaxed(head->kind) == UNIT_ARENA && load_relaxed(head->owner) == (struct heap *)arena)
        return line < head + head->count ? arena_bounds(arena, head) : (struct arena_room){0, 0};
    struct arena_room given = arena_bounds(arena, NULL);
    return (uintptr_t)p >= given.at && (uintptr_t)p < given.end ? given : (struct arena_room){0, 0};
}

static void check_is_mine(struct heapalloc_arena *arena, const void *block, size_t bytes) {
    struct arena_room memory = around(arena, block);
    const struct arena_room *open = arena_room(arena);
    bool serves = memory.end == open->end && open->at >= memory.at; /* no block lies beyond open->at */
    uintptr_t end = serves ? open->at : memory.end, at = (uintptr_t)block;
    if (at < memory.at || at >= end || at % arena->align_bytes)
        check_misuse("heapalloc_arena_realloc", block, "is no block of this arena");
    if (bytes > end - at) check_misuse("heapalloc_arena_realloc", block, "is not as long as it is told to be");
}

static void *resize(struct heapalloc_arena *arena, void *block, size_t old_bytes, size_t bytes) {
    if (block) check_is_mine(arena, block, old_bytes);
    if (block && bytes <= old_bytes && !is_newest(arena, block, old_bytes)) return block;
    if (block && is_newest(arena, block, old_bytes)) {
        struct arena_room *room = arena_room(arena), before = *room;
        room->at = (uintptr_t)block;
        if (bytes <= ALLOC_BYTES_MAX &&
            arena_from_room(room, round_up(bytes + (bytes == 0), arena->align_bytes), arena->align_bytes))
            return block;
        *room = before;
    }
    void *new = arena_take(arena, bytes, arena->align_bytes);
    return new &&block ? memcpy(new, block, min_size(old_bytes, bytes)) : new;
}

void *heapalloc_arena_realloc(struct heapalloc_arena *arena, void *block, size_t old_bytes, size_t bytes) {
    arena_enter(arena, "heapalloc_arena_realloc");
    void *p = resize(arena, block, old_bytes, bytes);
    arena_leave(arena);
    return p;
}

void heapalloc_arena_free(struct heapalloc_arena *arena, void *block, size_t bytes) {
    arena_enter(arena, "heapalloc_arena_free");
    if (block && is_newest(arena, block, bytes)) arena_room(arena)->at = (uintptr_t)block;
    arena_leave(arena);
}
