/* The README's example: copies of words in an arena, freed together. */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/heapalloc.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **words) {
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    for (int i = 1; arena && i < count; i++) {
        char *copy = heapalloc_arena_alloc(arena, strlen(words[i]) + 1);
        if (copy) puts(strcpy(copy, words[i]));
    }
    heapalloc_arena_destroy(arena); /* all copies at once */
    printf("heapalloc %s: %s\n", heapalloc_version(), heapalloc_verify() ? "damaged" : "whole");
    return 0;
}
