/* First fit over a list of free blocks in order of their addresses: the reference of the fill measurement.
 *
 * The oldest algorithm (Knuth, The Art of Computer Programming, vol. 1, 2.5, algorithms A and B): its time grows with
 * the list, its fragmentation is known to be small. */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/heap.h>
#include <stdint.h>

enum { STEP = 16 };

/* In front of each block; `next` only while it is free. */
struct piece {
    size_t bytes; /* with this head */
    struct piece *next;
};

static struct piece *first;

bool heap_init(void *start, size_t bytes) {
    first = start;
    *first = (struct piece){bytes / STEP * STEP, NULL};
    return bytes >= 2 * STEP;
}

/* The header is 8 bytes, so that blocks begin at multiples of 8. */
void *heap_alloc(size_t size) {
    size_t need = (size + 8 + STEP - 1) / STEP * STEP;
    for (struct piece **link = &first; *link; link = &(*link)->next) {
        struct piece *piece = *link;
        if (piece->bytes < need) continue;
        if (piece->bytes == need) {
            *link = piece->next;
        } else {
            struct piece *rest = (struct piece *)((char *)piece + need);
            *rest = (struct piece){piece->bytes - need, piece->next};
            *link = rest;
            piece->bytes = need;
        }
        return (char *)piece + 8;
    }
    return NULL;
}

void heap_free(void *p) {
    struct piece *piece = (struct piece *)((char *)p - 8), *left = NULL, *right = first;
    while (right && right < piece) left = right, right = right->next;
    piece->next = right;
    if (right && (char *)piece + piece->bytes == (char *)right)
        *piece = (struct piece){piece->bytes + right->bytes, right->next};
    if (left && (char *)left + left->bytes == (char *)piece)
        *left = (struct piece){left->bytes + piece->bytes, piece->next};
    else
        *(left ? &left->next : &first) = piece;
}
