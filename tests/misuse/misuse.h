/* How the misuse program names its cases, states what it expects, and frees a block in the requested way. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SMALL_MAX = 4096,     /* the largest size that shares a slab with others */
    LARGE_MAX = 40 << 20, /* the largest size tried                          */
};

/* Which variants of a case the runner starts. */
enum {
    EACH_VIA = 1,   /* through free, realloc, free_sized and operator delete            */
    EACH_PLACE = 2, /* in the same thread and in another                                */
    DISTANCES = 4,  /* the size is a distance from a block: 64, 128, ... 2^46           */
    IN_FAST = 8,    /* the fast build catches it too (for blocks above SMALL_MAX only,
                       where the case has a size)                                       */
    ASKS_SIZE = 16, /* through malloc_usable_size instead                               */
};

struct misuse_case {
    const char *group, *name;
    size_t size_min, size_max; /* both 0: the case has no size */
    unsigned variants;
    void (*run)(size_t size);
};

/* MISUSE(group, name, size_min, size_max, variants) { ... } defines a case; `size` is its argument.
 */
#define MISUSE(group, name, size_min, size_max, variants)                                                       \
    static void misuse_##name(size_t size);                                                                     \
    static const struct misuse_case case_##name = {#group, #name, size_min, size_max, variants, misuse_##name}; \
    __attribute__((used, section("misuse_cases"))) static const struct misuse_case *const listed_##name =       \
        &case_##name;                                                                                           \
    static void misuse_##name(size_t size __attribute__((unused)))

/* The sentences, as bits. */
enum {
    NOT_OURS = 1,
    ON_A_STACK = 2,
    IN_THE_MIDDLE = 4, /* of the given block, or of any if none is given */
    ALREADY_FREE = 8,
    CAUGHT_SOMEHOW = NOT_OURS | IN_THE_MIDDLE | ALREADY_FREE,
};

/* Each case calls one of these, before the misuse has its effect.
 * caught      the next call ends the program with one of the sentences about `pointer`
 * caught_late an allocation soon after ends the program with the corrupted-list or already-free
 * sentence harmless    either of: the program ends well; as caught_late clean       the program
 * ends well */
void say_caught(const void *pointer, unsigned sentences);
void say_interior(const void *pointer, const void *block);
void say_caught_late(void);
void say_caught_told(void); /* the next call: the given size or alignment is not the block's */
void say_caught_object(const char *function, const void *pointer, const char *rest);
void say_harmless(void);
void say_clean(void);

/* The misuse was not caught although it should have been. */
__attribute__((noreturn)) void not_caught(void);
/* Something impossible has happened. */
__attribute__((noreturn)) void harm(const char *what, const void *pointer);

/* Free a block in the requested way, in the requested thread. misuse() is for pointers that must not be freed. */
void give(void *pointer, size_t size);
void misuse(void *pointer, size_t size);

/* Run `work` in a thread of its own, which has ended when this returns; in the helper; or in the requested thread. */
void in_other_thread(void (*work)(void *), void *argument);
/* A thread that waits from start_helper() on. Starting one only when needed would make libc
 * allocate between the steps of a case, perhaps the very place the case is about, or memory that a
 * stale pointer has been written through. */
void start_helper(void);
void in_helper(void (*work)(void *), void *argument);
void in_asked_thread(void (*work)(void *), void *argument);

/* malloc that cannot fail here and whose result is hidden from the compiler. */
char *take(size_t size);

/* Between the two, memory is touched through stale pointers. If it is unmapped, the fault ends the program with
 * success: nothing was harmed. */
void stale_access_begins(void);
void stale_access_ends(void);
