/* Misuse: pointers into our own memory that are not the start of a live block. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include <malloc.h>

/* Neighbours on both sides, so that the slab is neither fresh nor empty. */
static void free_inside(size_t size, size_t offset) {
    char *before = take(size), *block = take(size), *after = take(size);
    say_interior(block + offset, block);
    misuse(block + offset, size);
    not_caught();
    free(before);
    free(after);
}

MISUSE(interior, inside_by_1, 16, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    free_inside(size, 1);
}

MISUSE(interior, inside_by_8, 16, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    free_inside(size, 8);
}

MISUSE(interior, inside_by_16, 32, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    free_inside(size, 16);
}

MISUSE(interior, inside_by_64, 100, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    free_inside(size, 64);
}

MISUSE(interior, inside_by_1024, 1100, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    free_inside(size, 1024);
}

MISUSE(interior, inside_by_a_page, 6000, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    free_inside(size, 4096);
}

MISUSE(interior, inside_by_16_kib, 20000, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    free_inside(size, 16384);
}

MISUSE(interior, inside_by_2_mib, 3 << 20, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    free_inside(size, 2 << 20);
}

MISUSE(interior, last_byte, 16, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    char *block = take(size);
    free_inside(size, malloc_usable_size(block) - 1);
}

/* A forged size in front of the pointer, which deceives allocators with headers. */
MISUSE(interior, forged_header, 256, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    uint64_t *block = (uint64_t *)(void *)take(size);
    for (unsigned i = 0; i + 1 < size / 8 && i < 512; i += 2) {
        block[i] = 0;
        block[i + 1] = 0x51;
    }
    say_interior((char *)block + 64, block);
    misuse((char *)block + 64, size);
    not_caught();
}

/* ------------------------------------------------------------ around a block */

enum { RUN = 64 };
static char *run[RUN];

static int is_live(const char *pointer) {
    for (unsigned i = 0; i < RUN; i++)
        if (run[i] == pointer) return 1;
    return 0;
}

/* Takes a run of blocks and returns one for which the place at `offset` (or one usable size on) is
 * not a live block. */
static char *place_not_live(size_t size, ptrdiff_t offset) {
    char *place = NULL;
    unsigned count = size > 1 << 20 ? 4 : RUN;
    for (unsigned i = 0; i < count; i++) run[i] = take(size);
    for (unsigned i = 0; i < count && place == NULL; i++) {
        char *candidate = run[i] + (offset == 0 ? (ptrdiff_t)malloc_usable_size(run[i]) : offset);
        place = is_live(candidate) ? NULL : candidate;
    }
    return place;
}

static void free_place(char *place, size_t size) {
    if (place == NULL) harm("every neighbour is live", place);
    say_caught(place, CAUGHT_SOMEHOW);
    misuse(place, size);
    not_caught();
}

MISUSE(interior, one_past, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    free_place(place_not_live(size, 0), size);
}

MISUSE(interior, one_byte_before, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    free_place(place_not_live(size, -1), size);
}

MISUSE(interior, sixteen_before, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    free_place(place_not_live(size, -16), size);
}

/* The first block of a class leaves most of its slab uncarved: the addresses further on look like blocks but never
 * were. */
MISUSE(interior, never_handed_out, 16, SMALL_MAX, EACH_VIA | EACH_PLACE) {
    char *block = take(size);
    size_t usable = malloc_usable_size(block);
    size_t room = 16384 - ((uintptr_t)block & 16383);
    if (room < 2 * usable) block = take(size);
    say_caught(block + (room / usable - 1) * usable, NOT_OURS | ALREADY_FREE);
    misuse(block + (room / usable - 1) * usable, size);
    not_caught();
}

MISUSE(interior, inside_a_freed_block, 32, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    char *before = take(size), *block = take(size), *after = take(size);
    free(block);
    say_caught(block + 16, CAUGHT_SOMEHOW);
    misuse(block + 16, size);
    not_caught();
    free(before);
    free(after);
}

/* The tail that was given back by shrinking. */
MISUSE(interior, the_tail_after_a_shrink, 6000, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    char *block = take(size), *wall = take(size);
    size_t offset = (size / 2 + 16383) & ~(size_t)16383;
    if (offset >= size) offset = 4096;
    char *place = block + offset;
    block = realloc(block, size / 4);
    say_caught(place, CAUGHT_SOMEHOW);
    misuse(place, size);
    not_caught();
    free(block);
    free(wall);
}

/* Powers of two around a block: metadata, unit ends, reserved and foreign memory, whatever is there. */
MISUSE(interior, above_by_distance, 64, (size_t)1 << 46, DISTANCES | EACH_VIA | EACH_PLACE) {
    char *block = take(64);
    say_caught(block + size, CAUGHT_SOMEHOW | ON_A_STACK);
    misuse(block + size, 64);
    not_caught();
}

MISUSE(interior, below_by_distance, 64, (size_t)1 << 46, DISTANCES | EACH_VIA | EACH_PLACE) {
    char *first = take(64), *block = take(64);
    char *place = block - size;
    if (place == first) free(first);
    say_caught(place, CAUGHT_SOMEHOW | ON_A_STACK);
    misuse(place, 64);
    not_caught();
}
