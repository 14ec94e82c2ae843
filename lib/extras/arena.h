/* Arenas, as their own modules see them.
 *
 *   chunks: newest first, of which the first serves        larges: one block each, newest first
 *   spares: emptied by a rewind or a reset, serve before new ones are taken
 *
 * The first words keep misuse from being served: of a freed struct the heap overwrites the first two; where a pool is
 * expected the next two say "nothing free", so that the slow path looks at the mark. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "base/lock.h"
#include "heap/named.h"
#include "slab/block.h"
#include "span/unit.h"
#include <heapalloc/heapalloc.h>

#define ARENA_MARK ((uintptr_t)0x6865617061726e61)

/* What is left of the newest chunk: both are multiples of the arena's alignment. */
struct arena_room {
    uintptr_t at, end;
};

struct arena_cleanup {
    struct arena_cleanup *older;
    void (*function)(void *argument);
    void *argument;
};

struct heapalloc_arena {
    uintptr_t overwritten[2];
    void *no_last;          /* NULL, where a pool has its last block */
    void *no_free;          /* BLOCK_END, where it has its list */
    struct arena_room open; /* of an arena without a lock whose blocks have the usual alignment; else empty */
    struct arena_room own;  /* of the others, which the fast path does not serve */
    uintptr_t mark;         /* ARENA_MARK ^ address, while the arena lives */
    struct unit *chunks;
    struct unit *larges;
    struct unit *spares;
    struct arena_cleanup *cleanups; /* newest first; they stand in the arena */
    struct heapalloc_arena *parent, *child, *next, *before;
    const char *name;
    struct named *named; /* its entry among what has a name, or a lock */
    size_t limit_bytes, reserved_bytes, spare_bytes, align_bytes;
    char *memory; /* the caller's, and its end */
    char *memory_end;
    uint32_t chunk_units; /* of the next chunk */
    bool is_plain;        /* `open` is its room */
    bool locks;
};

/* The arena, sound and locked if it is to be; ends the program when it is none. Leave it by arena_leave(). */
void arena_enter(struct heapalloc_arena *arena, const char *function);
void arena_leave(struct heapalloc_arena *arena);

INLINE struct arena_room *arena_room(struct heapalloc_arena *arena) {
    return arena->is_plain ? &arena->open : &arena->own;
}

/* Handed out and not freed, with what alignment and the ends of chunks cost. Its thread may go on meanwhile, so that
 * parts of the sum are of different moments. */
INLINE size_t arena_used_bytes(struct heapalloc_arena *arena) {
    const struct arena_room *room = arena_room(arena);
    size_t all = (size_t)(arena->memory_end - arena->memory) + arena->reserved_bytes;
    size_t unused = arena->spare_bytes + (room->end - room->at);
    return unused < all ? all - unused : 0;
}

/* Where blocks of a chunk may lie; NULL: of the caller's memory. */
struct arena_room arena_bounds(const struct heapalloc_arena *arena, const struct unit *chunk);

/* Let the newest chunk, or the caller's memory where there is none, serve from `at` on; 0: from its start. */
void arena_open(struct heapalloc_arena *arena, uintptr_t at);

/* Take bytes at a multiple of align_bytes; NULL: no memory. The arena is entered. */
void *arena_take(struct heapalloc_arena *arena, size_t bytes, size_t align_bytes);
