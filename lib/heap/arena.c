/* Arenas: blocks one behind the other in chunks, freed together. */
/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/valgrind.h"
#include "heap/alloc.h"
#include "heap/fast.h"
#include "span/units.h"
#include <heapalloc/heapalloc.h>

enum { CHUNK_UNITS_MAX = (1 << 20) / UNIT_BYTES };
#define ARENA_MARK ((uintptr_t)0x6865617061726e61)

struct heapalloc_arena {
    uintptr_t at; /* next free byte of the newest chunk, a multiple of 16 */
    uintptr_t end;
    uintptr_t mark;       /* ARENA_MARK ^ address, while the arena lives */
    struct unit *chunks;  /* heads, newest first, by next */
    uint32_t chunk_units; /* of the next chunk */
};

static void check_arena(const char *function, const struct heapalloc_arena *arena) {
    if (unlikely(arena->mark != (ARENA_MARK ^ (uintptr_t)arena))) check_misuse(function, arena, "is not an arena");
}

struct heapalloc_arena *heapalloc_arena_create(void) {
    struct heapalloc_arena *arena = heap_alloc_slow(sizeof(*arena), heap_self);
    if (arena) *arena = (struct heapalloc_arena){.mark = ARENA_MARK ^ (uintptr_t)arena, .chunk_units = 1};
    return arena;
}

static struct unit *take_chunk(uint32_t count) {
    heap_enter();
    struct unit *chunk = units_take(count, UNIT_ARENA);
    if (chunk) valgrind_take(chunk->memory, (size_t)count << UNIT_SHIFT);
    return chunk;
}

/* A chunk for a block larger than the arena's chunks stands behind the newest one, which stays in use. */
static void *oversized(struct heapalloc_arena *arena, uint32_t count) {
    struct unit *chunk = take_chunk(count);
    if (!chunk) return NULL;
    struct unit **place = arena->chunks ? &arena->chunks->next : &arena->chunks;
    chunk->next = *place;
    *place = chunk;
    return chunk->memory;
}

static NOINLINE void *alloc_slow(struct heapalloc_arena *arena, size_t bytes) {
    check_arena("heapalloc_arena_alloc", arena);
    if (bytes > ALLOC_BYTES_MAX || bytes > (size_t)SPAN_UNITS_MAX << UNIT_SHIFT) return NULL;
    bytes = round_up(bytes + (bytes == 0), BLOCK_ALIGN_BYTES);
    if (bytes <= arena->end - arena->at) { /* a request of 0 bytes */
        arena->at += bytes;
        return (void *)(arena->at - bytes);
    }
    uint32_t count = (uint32_t)((bytes + UNIT_BYTES - 1) >> UNIT_SHIFT);
    if (count > arena->chunk_units) return oversized(arena, count);
    struct unit *chunk = take_chunk(arena->chunk_units);
    if (!chunk) return NULL;
    if (arena->chunk_units < CHUNK_UNITS_MAX) arena->chunk_units *= 2;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->at = (uintptr_t)chunk->memory + bytes;
    arena->end = (uintptr_t)chunk->memory + ((size_t)chunk->count << UNIT_SHIFT);
    return chunk->memory;
}

HOT void *heapalloc_arena_alloc(struct heapalloc_arena *arena, size_t bytes) {
    uintptr_t at = arena->at;
    /* What is left is a multiple of 16, so whatever fits also fits when rounded up; 0 - 1 never fits. */
    if (unlikely(bytes - 1 >= arena->end - at)) return alloc_slow(arena, bytes);
    arena->at = at + round_up(bytes, BLOCK_ALIGN_BYTES);
    return (void *)at;
}

void *heapalloc_arena_alloc_aligned(struct heapalloc_arena *arena, size_t bytes, size_t align_bytes) {
    if (!is_power_of_two(align_bytes) || align_bytes > UNIT_BYTES) return NULL;
    if (bytes > ALLOC_BYTES_MAX) return NULL;
    size_t skip = round_up(arena->at, align_bytes) - arena->at;
    if (arena->at != 0 && skip + bytes < arena->end - arena->at) {
        arena->at += skip;
        return heapalloc_arena_alloc(arena, bytes);
    }
    uintptr_t at = (uintptr_t)heapalloc_arena_alloc(arena, bytes + align_bytes - 1);
    return at ? (void *)round_up(at, align_bytes) : NULL;
}

static void give_chunks(struct unit *chunk) {
    heap_enter();
    for (struct unit *next; chunk; chunk = next) {
        next = chunk->next;
        chunk->flags = 0;
        units_give(chunk);
    }
}

void heapalloc_arena_reset(struct heapalloc_arena *arena) {
    check_arena("heapalloc_arena_reset", arena);
    struct unit *keep = arena->chunks;
    if (!keep) return;
    if (keep->count > CHUNK_UNITS_MAX || arena->end == 0) {
        give_chunks(keep);
        arena->chunks = NULL;
        arena->at = arena->end = 0;
        return;
    }
    give_chunks(keep->next);
    keep->next = NULL;
    arena->at = (uintptr_t)keep->memory;
    arena->end = arena->at + ((size_t)keep->count << UNIT_SHIFT);
}

void heapalloc_arena_destroy(struct heapalloc_arena *arena) {
    if (!arena) return;
    check_arena("heapalloc_arena_destroy", arena);
    arena->mark = 0;
    give_chunks(arena->chunks);
    heap_free_slow(arena, heap_self);
}
