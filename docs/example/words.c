/* The README's example: words in a pool, freed together.
 * SPDX-License-Identifier: MIT */
#include <heapalloc/heapalloc.h>
#include <stdio.h>

struct word { struct word *next; char text[24]; };

int main(void) {
    struct heapalloc_pool *words = heapalloc_pool_create(sizeof(struct word), 0);
    struct word *last = NULL, *word;
    while (words && (word = heapalloc_pool_get(words)) && scanf("%23s", word->text) == 1) word->next = last, last = word;
    for (word = last; word; word = word->next) printf("%s\n", word->text);
    heapalloc_pool_destroy(words); /* all words at once */
    printf("heapalloc %s, heap %s\n", heapalloc_version(), heapalloc_verify() ? "damaged" : "whole");
}
