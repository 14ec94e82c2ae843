/* Arenas: blocks one after the other in chunks. */
/* SPDX-License-Identifier: MIT */
#include "extras/arena.h"
#include "base/valgrind.h"
#include "heap/alloc.h"
#include "heap/fast.h"
#include "heap/registry.h"
#include "span/units.h"
#include <heapalloc/arena_inline.h>

_Static_assert(offsetof(struct heapalloc_arena, open.at) == offsetof(struct heapalloc_arena_room_1, at) &&
                   offsetof(struct heapalloc_arena, open.end) == offsetof(struct heapalloc_arena_room_1, end) &&
                   offsetof(struct heapalloc_arena, inline_mark) == offsetof(struct heapalloc_arena_room_1, mark),
               "programs were compiled for layout 1: another one needs names and a symbol version of its own");
_Static_assert(BLOCK_ALIGN_BYTES == 16, "inline code rounds up to 16");

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
        arena->spare_bytes -= unit_bytes(chunk);
    } else {
        chunk = take_units(arena, arena->chunk_units);
        if (!chunk && least < arena->chunk_units) chunk = take_units(arena, least);
        if (!chunk) return false;
        if (arena->chunk_units < ARENA_CHUNK_UNITS_MAX) arena->chunk_units *= 2;
    }
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena_open(arena, 0);
    return true;
}

void *arena_take(struct heapalloc_arena *arena, size_t bytes, size_t align_bytes) {
    if (bytes > ALLOC_BYTES_MAX || bytes > (size_t)SPAN_UNITS_MAX << UNIT_SHIFT) return NULL;
    bytes = round_up(bytes + (bytes == 0), arena->align_bytes);
    void *p = arena_from_room(arena_room(arena), bytes, align_bytes);
    if (p) return p;
    uint32_t count = (uint32_t)units_to_hold(bytes); /* chunks are aligned to the largest align_bytes */
    if (count > arena->chunk_units) return take_large(arena, count);
    return add_chunk(arena, count) ? arena_from_room(arena_room(arena), bytes, align_bytes) : NULL;
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

HOT void *heapalloc_arena_alloc_room_1(struct heapalloc_arena *arena, size_t bytes) {
    return heapalloc_arena_alloc(arena, bytes);
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
