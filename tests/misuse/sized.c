/* Misuse: sized and aligned frees with arguments that cannot be true of the block. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"

void free_sized(void *p, size_t size) __attribute__((weak));
void free_aligned_sized(void *p, size_t align, size_t size) __attribute__((weak));
void delete_sized(void *p, size_t size) __asm__("_ZdlPvm") __attribute__((weak));
void delete_many_sized(void *p, size_t size) __asm__("_ZdaPvm") __attribute__((weak));
void delete_aligned(void *p, size_t align) __asm__("_ZdlPvSt11align_val_t") __attribute__((weak));
void delete_sized_aligned(void *p, size_t size, size_t align) __asm__("_ZdlPvmSt11align_val_t") __attribute__((weak));

enum way { BY_FREE_SIZED, BY_DELETE, BY_DELETE_MANY, WAYS };

static void free_told(enum way way, void *p, size_t size) {
    if (way == BY_FREE_SIZED && free_sized)
        free_sized(p, size);
    else if (way == BY_DELETE && delete_sized)
        delete_sized(p, size);
    else if (way == BY_DELETE_MANY && delete_many_sized)
        delete_many_sized(p, size);
    else
        _exit(97);
}

struct telling {
    enum way way;
    void *p;
    size_t size;
};

static void tell(void *telling) {
    const struct telling *t = telling;
    free_told(t->way, t->p, t->size);
}

/* After a few blocks of the same size, so that both a borrowed block and one of its own class occur. */
static void free_wrongly(enum way way, size_t size, size_t told) {
    void *first = take(size);
    for (size_t i = 0; i < 6; i++) free_told(way, take(size), size);
    for (size_t i = 0; i < 6; i++) first = take(size);
    say_caught_told();
    in_asked_thread(tell, &(struct telling){way, first, told});
    not_caught();
}

#define TOO_MUCH_CASES(name, way)                                    \
    MISUSE(sized, name##_too_much, 16, LARGE_MAX, EACH_PLACE) {      \
        free_wrongly(way, size, 2 * size + 70000);                   \
    }                                                                \
    MISUSE(sized, name##_twice_as_much, 16, LARGE_MAX, EACH_PLACE) { \
        free_wrongly(way, size, 2 * size + 17);                      \
    }                                                                \
    MISUSE(sized, name##_everything, 16, LARGE_MAX, EACH_PLACE) {    \
        free_wrongly(way, size, SIZE_MAX);                           \
    }
#define TOO_LITTLE_CASES(group, name, way)                                      \
    MISUSE(group, name##_nothing, 64, LARGE_MAX, EACH_PLACE) {                  \
        free_wrongly(way, size > 4000 ? size + 140000 : size, 0);               \
    }                                                                           \
    MISUSE(group, name##_a_quarter, 128, LARGE_MAX, EACH_PLACE) {               \
        free_wrongly(way, size > 4000 ? size + 280000 : size, (size + 16) / 5); \
    }

/* A size that is only a little too small: of another class, or of some sixteen bytes less where there are none. */
#define ALMOST_CASES(name, way)                                               \
    MISUSE(sized_exactly, name##_a_sixth_less, 100, LARGE_MAX, EACH_PLACE) {  \
        free_wrongly(way, size % 400000, size % 400000 / 6 * 5);              \
    }                                                                         \
    MISUSE(sized_exactly, name##_half_and_more, 100, LARGE_MAX, EACH_PLACE) { \
        free_wrongly(way, size % 400000, size % 400000 / 2 + 17);             \
    }

MISUSE(sized, free_sized_half_of_much, 16, LARGE_MAX, EACH_PLACE) {
    free_wrongly(BY_FREE_SIZED, 150000 + size, (150000 + size) / 2);
}

TOO_MUCH_CASES(free_sized, BY_FREE_SIZED)
TOO_MUCH_CASES(delete, BY_DELETE)
TOO_MUCH_CASES(delete_many, BY_DELETE_MANY)
TOO_LITTLE_CASES(sized, free_sized, BY_FREE_SIZED)
ALMOST_CASES(free_sized, BY_FREE_SIZED)
ALMOST_CASES(delete, BY_DELETE)
ALMOST_CASES(delete_many, BY_DELETE_MANY)
/* A block has the size of the last realloc, whether that moved it or not. */
MISUSE(sized_exactly, free_sized_of_before_realloc, 100, 16384, EACH_PLACE) {
    for (int i = 0; i < 6; i++) free(take(size));
    char *p = realloc(realloc(take(size), size / 4 * 3), size);
    say_caught_told();
    in_asked_thread(tell, &(struct telling){BY_FREE_SIZED, p, size / 4 * 3});
    not_caught();
}
/* Programs that otherwise work delete objects through a base class without a virtual destructor, which passes its own
 * size. */
TOO_LITTLE_CASES(sized_base, delete, BY_DELETE)
TOO_LITTLE_CASES(sized_base, delete_many, BY_DELETE_MANY)

/* An address that is a multiple of 16, and not of 32. */
static char *take_unaligned(size_t size) {
    for (;;) {
        char *p = take(size);
        if ((uintptr_t)p % 32 != 0) return p;
    }
}

MISUSE(sized, alignment_the_block_does_not_have, 16, 48, EACH_PLACE) {
    char *p = take_unaligned(size < 32 ? 40 : 72);
    say_caught_told();
    if (free_aligned_sized) free_aligned_sized(p, 64, size < 32 ? 40 : 72);
    not_caught();
}

MISUSE(sized, alignment_that_is_no_power_of_two, 16, LARGE_MAX, EACH_PLACE) {
    char *p = take(size);
    say_caught_told();
    if (free_aligned_sized) free_aligned_sized(p, 48, size);
    not_caught();
}

MISUSE(sized, alignment_of_nothing, 16, LARGE_MAX, EACH_PLACE) {
    char *p = take(size);
    say_caught_told();
    if (free_aligned_sized) free_aligned_sized(p, 0, size);
    not_caught();
}

MISUSE(sized, aligned_delete_of_an_alignment_it_does_not_have, 16, 48, EACH_PLACE) {
    char *p = take_unaligned(size < 32 ? 40 : 72);
    say_caught_told();
    if (delete_aligned) delete_aligned(p, 64);
    not_caught();
}

MISUSE(sized, aligned_delete_of_nothing, 16, LARGE_MAX, EACH_PLACE) {
    char *p = take(size);
    say_caught_told();
    if (delete_aligned) delete_aligned(p, 48);
    not_caught();
}

MISUSE(sized, delete_of_an_alignment_it_does_not_have, 16, 48, EACH_PLACE) {
    char *p = take_unaligned(size < 32 ? 40 : 72);
    say_caught_told();
    if (delete_sized_aligned) delete_sized_aligned(p, size < 32 ? 40 : 72, 64);
    not_caught();
}

/* Correct arguments, of every size, after every way of allocating the block. */
MISUSE(allowed, sized_frees_told_truly, 1, LARGE_MAX, EACH_PLACE) {
    say_clean();
    for (enum way way = BY_FREE_SIZED; way < WAYS; way++)
        for (size_t i = 0; i < 12; i++) {
            free_told(way, take(size), size);
            free_told(way, realloc(take(size * 2 + 3), size), size);
            free_told(way, realloc(take(size / 3 + 1), size), size);
            free_told(way, realloc(take(size * 9), size), size);
            free_told(way, calloc(1, size), size);
        }
    for (size_t align = 16; align <= 1 << 20 && free_aligned_sized; align *= 2)
        free_aligned_sized(aligned_alloc(align, size), align, size);
}
