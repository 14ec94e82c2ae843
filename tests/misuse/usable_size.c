/* Misuse: malloc_usable_size() of something that is not a live block. A program would use the number to write or copy
 * bytes. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include <malloc.h>
#include <sys/mman.h>

static char in_bss[256] __attribute__((aligned(64)));

static void ask(char *pointer, unsigned sentences) {
    free(take(100)); /* the allocator is up and has memory */
    say_caught(pointer, sentences);
    misuse(pointer, 100);
    not_caught();
}

MISUSE(usable_size, usable_size_of_a_variable, 0, 0, ASKS_SIZE | EACH_PLACE | IN_FAST) {
    ask(in_bss + 64, NOT_OURS);
}

MISUSE(usable_size, usable_size_of_the_stack, 0, 0, ASKS_SIZE | EACH_PLACE | IN_FAST) {
    char here[256] __attribute__((aligned(64)));
    memset(here, 1, sizeof here);
    ask(here + 64, ON_A_STACK | NOT_OURS);
}

MISUSE(usable_size, usable_size_of_a_mapping, 0, 0, ASKS_SIZE | EACH_PLACE | IN_FAST) {
    char *start = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) _exit(95);
    ask(start + 4096, NOT_OURS);
}

MISUSE(usable_size, usable_size_of_a_number, 0, 0, ASKS_SIZE | EACH_PLACE | IN_FAST) {
    ask((char *)(uintptr_t)0xdeadbeef, NOT_OURS);
}

MISUSE(usable_size, usable_size_inside_by_1, 16, LARGE_MAX, ASKS_SIZE | EACH_PLACE | IN_FAST) {
    char *block = take(size);
    say_interior(block + 1, block);
    misuse(block + 1, size);
    not_caught();
}

MISUSE(usable_size, usable_size_in_the_middle, 48, LARGE_MAX, ASKS_SIZE | EACH_PLACE | IN_FAST) {
    char *block = take(size), *place = block + ((size / 2 + 15) & ~(size_t)15);
    say_interior(place, block);
    misuse(place, size);
    not_caught();
}

MISUSE(usable_size, usable_size_after_free, 16, LARGE_MAX, ASKS_SIZE | EACH_PLACE | IN_FAST) {
    char *before = take(size), *block = take(size), *after = take(size);
    free(block);
    say_caught(block, ALREADY_FREE);
    misuse(block, size);
    not_caught();
    free(before);
    free(after);
}

/* The result does not change, nor does the block. */
MISUSE(usable_size, usable_size_of_live_blocks, 16, LARGE_MAX, ASKS_SIZE | EACH_PLACE | IN_FAST) {
    char *block = take(size);
    memset(block, 0x5a, size); /* looks like anything but a free block's words */
    say_clean();
    for (unsigned i = 0; i < 100; i++) give(block, size);
    if (malloc_usable_size(block) < size || block[size - 1] != 0x5a) harm("size or contents changed", block);
    free(block);
}
