/* Copies of strings and texts in an arena. */
/* SPDX-License-Identifier: MIT */
#include "next.h"
#include "shim.h"
#include <heapalloc/heapalloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

EXPORT void *heapalloc_arena_memdup(struct heapalloc_arena *arena, const void *from, size_t bytes) {
    if (!from && bytes > 0) return NULL;
    void *copy = heapalloc_arena_alloc(arena, bytes);
    return copy && bytes > 0 ? memcpy(copy, from, bytes) : copy;
}

EXPORT char *heapalloc_arena_strdup(struct heapalloc_arena *arena, const char *string) {
    return string ? heapalloc_arena_memdup(arena, string, strlen(string) + 1) : NULL;
}

typedef int print_function(char *to, size_t bytes, const char *format, va_list arguments);

/* Look up vsnprintf at the first call instead of linking to it, because it may be a wrapper that allocates. */
static print_function *printer(void) {
#ifdef HEAPALLOC_STATIC
    return vsnprintf;
#else
    static void *known;
    return (print_function *)(uintptr_t)next_of(&known, "vsnprintf");
#endif
}

/* Print to the stack first, since most texts are short; a longer one is printed again, into a block of its length. */
EXPORT char *heapalloc_arena_printf(struct heapalloc_arena *arena, const char *format, ...) {
    char text[256];
    va_list arguments;
    print_function *print = printer();
    if (!print || !format) return NULL;
    va_start(arguments, format);
    int length = print(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length < 0) return NULL;
    if ((size_t)length < sizeof(text)) return heapalloc_arena_memdup(arena, text, (size_t)length + 1);
    char *copy = heapalloc_arena_alloc(arena, (size_t)length + 1);
    if (!copy) return NULL;
    va_start(arguments, format);
    print(copy, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return copy;
}
