/* Arenas, as their own modules see them.
 *
 *   chunks: newest first; blocks come from the first       larges: one block each, newest first
 *   spares: emptied by a rewind or a reset, used before new ones are taken
 *
 * Whatever pointer a program passes, the fast path serves arenas only (extras/object.h). */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "base/lock.h"
#include "extras/object.h"
#include "heap/named.h"
#include "slab/block.h"
#include "span/unit.h"
#include <heapalloc/heapalloc.h>

enum { ARENA_CHUNK_UNITS_MAX = (1 << 20) / UNIT_BYTES };

/* The free rest of the newest chunk; both ends are multiples of the arena's alignment. */
struct arena_room {
    uintptr_t at, end;
};

struct arena_cleanup {
    struct arena_cleanup *older;
    void (*function)(void *argument);
    void *argument;
};

struct heapalloc_arena {
    struct object object;
    struct arena_room open; /* of an arena without a lock and with the usual alignment, else empty */
    uintptr_t inline_mark;  /* address + 1 while a program's inline code may take from `open`, else 0 */
    struct arena_room own;  /* of any other arena, which the fast path must not serve */
    struct unit *chunks;
    struct unit *larges;
    struct unit *spares;
    struct arena_cleanup *cleanups; /* newest first, allocated from the arena */
    struct heapalloc_arena *parent, *child, *next, *before;
    const char *name;
    struct named *named; /* its entry in the list of named and locked objects */
    size_t limit_bytes, reserved_bytes, spare_bytes, align_bytes;
    char *memory; /* the caller's, and its end */
    char *memory_end;
    uint32_t chunk_units; /* of the next chunk */
    bool is_plain;        /* it uses `open`, not `own` */
    bool locks;
};

/* Check that this is an arena, or end the program, and take its lock if it has one; arena_leave() releases it. */
void arena_enter(struct heapalloc_arena *arena, const char *function);
void arena_leave(struct heapalloc_arena *arena);

INLINE struct arena_room *arena_room(struct heapalloc_arena *arena) {
    return arena->is_plain ? &arena->open : &arena->own;
}

/* Bytes handed out and not freed, with what alignment and the ends of chunks waste. The arena's thread may go on
 * meanwhile, so the parts of the sum may be of different moments. */
INLINE size_t arena_used_bytes(struct heapalloc_arena *arena) {
    const struct arena_room *room = arena_room(arena);
    size_t all = (size_t)(arena->memory_end - arena->memory) + arena->reserved_bytes;
    size_t unused = arena->spare_bytes + (room->end - room->at);
    return unused < all ? all - unused : 0;
}

/* Where blocks may lie in a chunk, or, when it is NULL, in the caller's memory. */
struct arena_room arena_bounds(const struct heapalloc_arena *arena, const struct unit *chunk);

/* Allocate from `at` on in the newest chunk, or in the caller's memory when there is none; 0: from its start. */
void arena_open(struct heapalloc_arena *arena, uintptr_t at);

/* Take bytes at a multiple of align_bytes; NULL: no memory. Call it between arena_enter() and arena_leave(). */
void *arena_take(struct heapalloc_arena *arena, size_t bytes, size_t align_bytes);

/* The room's first bytes at a multiple of align_bytes; NULL: it has not enough. */
INLINE void *arena_from_room(struct arena_room *room, size_t bytes, size_t align_bytes) {
    uintptr_t at = round_up(room->at, align_bytes);
    if (at > room->end || bytes > room->end - at) return NULL;
    room->at = at + bytes;
    return (void *)at;
}

/* arena_rewind.c: call the cleanups newer than `last`, each off the list and without the lock, because it may use the
 * arena. */
void arena_clean_up(struct heapalloc_arena *arena, const struct arena_cleanup *last);

/* Give back the chunks of a list that are newer than `last`. */
void arena_give_list(struct heapalloc_arena *arena, struct unit **list, const struct unit *last);

/* Free what is newer than the mark, which is checked again because a cleanup may have reset the arena. */
void arena_free_since(struct heapalloc_arena *arena, struct heapalloc_arena_position mark);
