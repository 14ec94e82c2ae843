/* Red zones: the first blocks of each size are checked for writes beyond and before them, whichever call finds it. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include "oracle.h"
#include <malloc.h>

enum { ZONED_MAX = 60000, FIRSTS = 8 };

static const char *const beyond = "was written to beyond its end", *const before = "was written to before its start";

static void free_one(void *p) {
    free(p);
}

static void resize_one(void *p) {
    p = realloc(p, 200000);
    __asm__ volatile("" : : "r"(p));
}

static void ask_one(void *p) {
    if (malloc_usable_size(p) == 0) _exit(94);
}

/* The last of the first `count` blocks of a size, all filled to the end of what each may use. */
static char *take_last_of(size_t size, unsigned count) {
    char *p = NULL;
    for (unsigned i = 0; i < count; i++) {
        p = take(size);
        memset(p, 0x5a, malloc_usable_size(p));
    }
    return p;
}

MISUSE(redzone, one_byte_beyond, 16, ZONED_MAX, EACH_PLACE) {
    char *p = take_last_of(size, 2);
    p[malloc_usable_size(p)] = 0;
    say_caught_object("free", p, beyond);
    in_asked_thread(free_one, p);
    not_caught();
}

MISUSE(redzone, one_byte_beyond_the_last_of_the_first, 16, ZONED_MAX, EACH_PLACE) {
    char *p = take_last_of(size, FIRSTS - 1);
    p[malloc_usable_size(p)] = 'A';
    say_caught_object("free", p, beyond);
    in_asked_thread(free_one, p);
    not_caught();
}

MISUSE(redzone, sixty_four_bytes_beyond, 16, ZONED_MAX, EACH_PLACE) {
    char *p = take_last_of(size, 3);
    memset(p + malloc_usable_size(p), 'A', 64);
    say_caught_object("free", p, beyond);
    in_asked_thread(free_one, p);
    not_caught();
}

MISUSE(redzone, beyond_then_resized, 16, ZONED_MAX, EACH_PLACE) {
    char *p = take_last_of(size, 2);
    p[malloc_usable_size(p) + 7] = 'A';
    say_caught_object("realloc", p, beyond);
    in_asked_thread(resize_one, p);
    not_caught();
}

MISUSE(redzone, beyond_then_asked_for_its_size, 16, ZONED_MAX, EACH_PLACE) {
    char *p = take_last_of(size, 2);
    p[malloc_usable_size(p)] = 'A';
    say_caught_object("malloc_usable_size", p, beyond);
    in_asked_thread(ask_one, p);
    not_caught();
}

MISUSE(redzone, before_then_freed, 16, ZONED_MAX, EACH_PLACE) {
    char *p = take_last_of(size, 2);
    p[-1] = 'A';
    say_caught_object("free", p, before);
    in_asked_thread(free_one, p);
    not_caught();
}

MISUSE(redzone, eight_bytes_before_then_resized, 16, ZONED_MAX, EACH_PLACE) {
    char *p = take_last_of(size, 2);
    memset(p - 8, 0, 8);
    say_caught_object("realloc", p, before);
    in_asked_thread(resize_one, p);
    not_caught();
}

MISUSE(redzone, freed_twice, 16, ZONED_MAX, EACH_PLACE) {
    char *p = take_last_of(size, 2);
    free(p);
    say_caught_object("free", p, "is already free");
    in_asked_thread(free_one, p);
    not_caught();
}

/* Such a block is not handed out again, but the next request of a process's first ones looks at the one freed last. */
MISUSE(redzone, written_to_after_it_was_freed, 16, 1000, 0) {
    char *p = take_last_of(size, 2);
    free(p);
    memset(p + 8, 'A', 8);
    say_caught_object("malloc", p, "was written to after it was freed");
    take(size);
    not_caught();
}

/* What a program may use it can fill, resize and free; its contents stay, and other blocks have none of it. */
MISUSE(redzone, used_as_allowed, 16, ZONED_MAX, EACH_PLACE) {
    say_clean();
    for (unsigned i = 0; i < 2 * FIRSTS; i++) {
        char *p = take_last_of(size, 1), *zeroed = calloc(1, size);
        for (size_t k = 0; k < size; k++)
            if (zeroed[k] != 0) harm("calloc is not zero", zeroed);
        oracle_hold(zeroed, size);
        p = realloc(p, size + 100);
        for (size_t k = 0; k < size; k++)
            if (p[k] != 0x5a) harm("realloc changed the contents", p);
        in_asked_thread(free_one, p);
    }
    oracle_load(size);
}
