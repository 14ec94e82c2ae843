/* Arenas: blocks one after the other in chunks. */
/* SPDX-License-Identifier: MIT */
#include "extras/arena.h"
#include "base/valgrind.h"
#include "heap/alloc.h"
#include "heap/fast.h"
#include "heap/registry.h"
#include "span/units.h"

enum { CHUNK_UNITS_MAX = (1 << 20) / UNIT_BYTES };

void arena_enter(struct heapalloc_arena *arena, const char *function) {
    if (unlikely(!object_found(arena, OBJECT_ARENA))) check_misuse(function, arena, "is not an arena");
    if (arena->locks) named_enter(arena->named);
}

void arena_leave(struct heapalloc_arena *arena) {
    if (arena->locks) named_leave(arena->named);
}

struct arena_room arena_bounds(const struct heapalloc_arena *arena, const struct unit *chunk) {
    uintptr_t from = (uintptr_t)(chunk ? chunk->memory : arena->memory);
    uintptr_t end = chunk ? from + ((uintptr_t)chunk->count << UNIT_SHIFT) : (uintptr_t)arena->memory_end;
    from = round_up(from, arena->align_bytes);
    end = round_down(end, arena->align_bytes);
    return (struct arena_room){from, from < end ? end : from};
}

void arena_open(struct heapalloc_arena *arena, uintptr_t at) {
    struct arena_room room = arena_bounds(arena, arena->chunks);
    if (at) room.at = at;
    *arena_room(arena) = room;
}

static struct unit *take_units(struct heapalloc_arena *arena, uint32_t count) {
    size_t bytes = (size_t)count << UNIT_SHIFT;
    if (arena->limit_bytes && arena->reserved_bytes + bytes > arena->limit_bytes) return NULL;
    heap_enter();
    struct unit *chunk = units_take(count, UNIT_ARENA);
    if (!chunk) return NULL;
    valgrind_take(chunk->memory, bytes);
    store_relaxed(chunk->owner, (struct heap *)arena);
    arena->reserved_bytes += bytes;
    return chunk;
}

/* Allocate a chunk for one block that is larger than the arena's chunks; the newest of these stays in use. */
static void *take_large(struct heapalloc_arena *arena, uint32_t count) {
    struct unit *chunk = take_units(arena, count);
    if (!chunk) return NULL;
    chunk->next = arena->larges;
    arena->larges = chunk;
    return chunk->memory;
}

/* Add a chunk. A limit may leave no room for the usual size, but for the `least` units that are needed. */
static bool add_chunk(struct heapalloc_arena *arena, uint32_t least) {
    struct unit *chunk = arena->spares;
    if (chunk && chunk->count >= least) {
        arena->spares = chunk->next;
        arena->spare_bytes -= (size_t)chunk->count << UNIT_SHIFT;
    } else {
        chunk = take_units(arena, arena->chunk_units);
        if (!chunk && least < arena->chunk_units) chunk = take_units(arena, least);
        if (!chunk) return false;
        if (arena->chunk_units < CHUNK_UNITS_MAX) arena->chunk_units *= 2;
    }
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena_open(arena, 0);
    return true;
}

static void *from_room(struct arena_room *room, size_t bytes, size_t align_bytes) {
    uintptr_t at = round_up(room->at, align_bytes);
    if (at > room->end || bytes > room->end - at) return NULL;
    room->at = at + bytes;
    return (void *)at;
}

void *arena_take(struct heapalloc_arena *arena, size_t bytes, size_t align_bytes) {
    if (bytes > ALLOC_BYTES_MAX || bytes > (size_t)SPAN_UNITS_MAX << UNIT_SHIFT) return NULL;
    bytes = round_up(bytes + (bytes == 0), arena->align_bytes);
    void *p = from_room(arena_room(arena), bytes, align_bytes);
    if (p) return p;
    uint32_t count = (uint32_t)units_to_hold(bytes); /* chunks are aligned to the largest align_bytes */
    if (count > arena->chunk_units) return take_large(arena, count);
    return add_chunk(arena, count) ? from_room(arena_room(arena), bytes, align_bytes) : NULL;
}

static NOINLINE void *alloc_slow(struct heapalloc_arena *arena, size_t bytes) {
    arena_enter(arena, "heapalloc_arena_alloc");
    void *p = arena_take(arena, bytes, arena->align_bytes);
    arena_leave(arena);
    return p;
}

HOT void *heapalloc_arena_alloc(struct heapalloc_arena *arena, size_t bytes) {
    if (unlikely(!object_is(arena, OBJECT_ARENA))) return alloc_slow(arena, bytes);
    uintptr_t at = arena->open.at;
    /* The room is a multiple of 16, so a size that fits also fits when rounded up; 0 - 1 never fits. */
    if (unlikely(bytes - 1 >= arena->open.end - at)) return alloc_slow(arena, bytes);
    arena->open.at = at + round_up(bytes, BLOCK_ALIGN_BYTES);
    return (void *)at;
}

void *heapalloc_arena_alloc_aligned(struct heapalloc_arena *arena, size_t bytes, size_t align_bytes) {
    arena_enter(arena, "heapalloc_arena_alloc_aligned");
    bool right = is_power_of_two(align_bytes) && align_bytes <= UNIT_BYTES;
    void *p = right ? arena_take(arena, bytes, max_size(align_bytes, arena->align_bytes)) : NULL;
    arena_leave(arena);
    return p;
}

void *heapalloc_arena_zeroed(struct heapalloc_arena *arena, size_t bytes) {
    void *p = heapalloc_arena_alloc(arena, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

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
    for (int i = 1; head && i < CHUNK_UNITS_MAX && load_relaxed(head->kind) == UNIT_INSIDE; i++) head--;
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
            from_room(room, round_up(bytes + (bytes == 0), arena->align_bytes), arena->align_bytes))
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
