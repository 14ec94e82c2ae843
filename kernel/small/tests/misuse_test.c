/* Controls: each misuse ends the program with a sentence that names it; they run by name only. */
/* SPDX-License-Identifier: MIT */
#include "small_test.h"
#include <string.h>

static void free_twice(size_t size) {
    begin();
    char *p = heap_alloc(size);
    heap_free(p);
    heap_free(p);
}

KTEST(misuse, frees_a_block_twice) {
    free_twice(300);
}

KTEST(misuse, frees_a_small_block_twice) {
    free_twice(100);
}

KTEST(misuse, frees_inside_a_block) {
    begin();
    heap_free((char *)memset(heap_alloc(300), 0x41, 300) + 32);
}

KTEST(misuse, frees_inside_a_small_block) {
    begin();
    heap_free((char *)heap_alloc(100) + 16);
}

KTEST(misuse, resizes_a_freed_block) {
    begin();
    char *p = heap_alloc(300);
    heap_free(p);
    heap_free(heap_realloc(p, 400));
}

/* Writes over the header of the right neighbour. */
KTEST(misuse, frees_after_an_overflow) {
    begin();
    heap_free(memset(heap_alloc(300), 0x41, 320));
}

KTEST(misuse, frees_what_is_not_ours) {
    begin();
    heap_free(&small);
}

KTEST(misuse, frees_a_part_of_a_stack) {
    char local[64];
    begin();
    heap_free(local + 16);
}

KTEST(misuse, writes_after_a_free) {
    begin();
    char *p = heap_alloc(100);
    heap_free(p);
    p[3] ^= 1;
    heap_alloc(100);
}
