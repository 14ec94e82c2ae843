/* Allocation from an arena without a call, for programs in which the call itself counts.
 *
 * The code below reads and moves the arena's room. Its layout, number 1, is therefore part of the binary interface: the
 * library checks it when it is built, and a program that was compiled with this header needs the symbol version
 * HEAPALLOC_ROOM_1, without which the loader does not start it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <heapalloc/heapalloc.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The first words of an arena. Where the library has to see each allocation (a lock, an alignment of more than 16, the
 * hardened library, builds for valgrind) `mark` is 0, or `at` is `end`. */
struct heapalloc_arena_room_1 {
    uintptr_t library[3]; /* the library's own */
    uintptr_t at, end;    /* [at, end) is free; both are multiples of 16 */
    uintptr_t mark;       /* the arena's address + 1 while it lives: no copy of an arena, and nothing else, has it */
} __attribute__((may_alias));

/* A negative size, where the compiler lays the struct out in another way than the library's did. */
typedef char heapalloc_arena_room_1_is_six_words[sizeof(struct heapalloc_arena_room_1) == 6 * sizeof(void *) ? 1 : -1];

/* The same as heapalloc_arena_alloc(), which heapalloc_arena_alloc_inline() calls for what the room does not serve.
 * bytes         0 is served as 1
 * returns       NULL when there is no memory, or the limit is met
 * thread, cost  as the arena; O(1)                                                                            */
HEAPALLOC_API void *heapalloc_arena_alloc_room_1(struct heapalloc_arena *arena, size_t bytes);

/* Take `bytes` bytes as heapalloc_arena_alloc() does: all calls on an arena may be mixed.
 * arena         NULL, a destroyed arena, and what is none in mapped memory end the program with a sentence, as there;
 *               an address where nothing is mapped ends it with SIGSEGV
 * bytes         0 is served as 1
 * returns       NULL when there is no memory, or the limit is met
 * thread, cost  as the arena; O(1), some ten instructions, but once per chunk a call                          */
static inline void *heapalloc_arena_alloc_inline(struct heapalloc_arena *arena, size_t bytes) {
    struct heapalloc_arena_room_1 *room = (struct heapalloc_arena_room_1 *)(void *)arena;
    /* 0 - 1 never fits. As the room is a multiple of 16, a size that fits also fits when rounded up. */
    if (__builtin_expect(arena && room->mark == (uintptr_t)arena + 1 && bytes - 1 < room->end - room->at, 1)) {
        uintptr_t at = room->at;
        room->at = at + ((bytes + 15) & ~(uintptr_t)15);
        return (void *)at;
    }
    return heapalloc_arena_alloc_room_1(arena, bytes);
}

#ifdef __cplusplus
}
#endif
