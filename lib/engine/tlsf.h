/* The two-level segregated index: finds a free node of at least a size among any number, in constant time.
 *
 *   size < 32:    row 0, column = size                     (exact)
 *   otherwise:    row = log2(size) - 4, column = the five bits below the leading one      (1/32 steps)
 *   row_map has a bit per row with a non-empty list, column_map[row] a bit per non-empty list.
 *
 * The index knows sizes and list nodes only; what a node describes, and where its size stands, is its user's.
 * Searching rounds the size up to the next list, so that its first node fits whatever it is; tlsf_at() lets the
 * user try the exact list's first node before that, which the paper does not, and which spares many a split.
 * Source: Masmano, Ripoll, Crespo, Real: TLSF, ECRTS 2004, section 4.
 *
 *   row_map bit r == (column_map[r] != 0)           verify: tlsf_maps
 *   column_map[r] bit c == (head[r][c] != NULL)     verify: tlsf_maps */
#pragma once
#include "base/bits.h"

enum {
    TLSF_COLUMN_SHIFT = 5,
    TLSF_COLUMNS = 1 << TLSF_COLUMN_SHIFT,
    TLSF_ROWS = 22, /* sizes below 2^26; larger ones share the last list */
};

struct tlsf_node {
    struct tlsf_node *next;
    struct tlsf_node *prev; /* NULL: first of its list */
};

struct tlsf {
    uint32_t row_map;
    uint32_t column_map[TLSF_ROWS];
    struct tlsf_node *head[TLSF_ROWS][TLSF_COLUMNS];
};

/* The list that a size is kept in. */
struct tlsf_place {
    uint32_t row;
    uint32_t column;
};

INLINE struct tlsf_place tlsf_place(uint32_t size) {
    if (size < TLSF_COLUMNS) return (struct tlsf_place){0, size};
    uint32_t log = bit_high(size);
    struct tlsf_place place = {log - (TLSF_COLUMN_SHIFT - 1),
                          (size >> (log - TLSF_COLUMN_SHIFT)) & (TLSF_COLUMNS - 1)};
    if (unlikely(place.row >= TLSF_ROWS)) return (struct tlsf_place){TLSF_ROWS - 1, TLSF_COLUMNS - 1};
    return place;
}

/* The lowest size kept by the list after the one that holds `size - 1`: every node there is large enough. */
INLINE uint32_t tlsf_size_to_search(uint32_t size) {
    if (size < TLSF_COLUMNS) return size;
    return size + (1u << (bit_high(size) - TLSF_COLUMN_SHIFT)) - 1;
}

/* Enter a node of `size`. A list is LIFO: what was freed last is warm in the cache. */
static inline void tlsf_put(struct tlsf *tlsf, struct tlsf_node *node, uint32_t size) {
    struct tlsf_place at = tlsf_place(size);
    struct tlsf_node *first = tlsf->head[at.row][at.column];
    node->next = first;
    node->prev = NULL;
    if (first) first->prev = node;
    tlsf->head[at.row][at.column] = node;
    tlsf->column_map[at.row] |= 1u << at.column;
    tlsf->row_map |= 1u << at.row;
}

/* Remove a node of `size`. */
static inline void tlsf_drop(struct tlsf *tlsf, struct tlsf_node *node, uint32_t size) {
    if (node->next) node->next->prev = node->prev;
    if (node->prev) {
        node->prev->next = node->next;
        return;
    }
    struct tlsf_place at = tlsf_place(size);
    tlsf->head[at.row][at.column] = node->next;
    if (node->next) return;
    tlsf->column_map[at.row] &= ~(1u << at.column);
    if (tlsf->column_map[at.row] == 0) tlsf->row_map &= ~(1u << at.row);
}

/* First node of the list that `size` itself is kept in; it may be smaller than size. */
static inline struct tlsf_node *tlsf_at(const struct tlsf *tlsf, uint32_t size) {
    struct tlsf_place at = tlsf_place(size);
    return tlsf->head[at.row][at.column];
}

/* A node that is at least `size` large, from the closest list; NULL: there is none. */
static inline struct tlsf_node *tlsf_find(const struct tlsf *tlsf, uint32_t size) {
    struct tlsf_place at = tlsf_place(tlsf_size_to_search(size));
    uint32_t columns = tlsf->column_map[at.row] & (~0u << at.column);
    if (columns == 0) {
        uint32_t rows = tlsf->row_map & ~((2u << at.row) - 1);
        if (rows == 0) return NULL;
        at.row = bit_low(rows);
        columns = tlsf->column_map[at.row];
    }
    return tlsf->head[at.row][bit_low(columns)];
}

/* A node of the last non-empty list: nearly the largest there is. */
static inline struct tlsf_node *tlsf_largest(const struct tlsf *tlsf) {
    if (tlsf->row_map == 0) return NULL;
    uint32_t row = bit_high(tlsf->row_map);
    return tlsf->head[row][bit_high(tlsf->column_map[row])];
}
