/* The two-level segregated index: finds a free node of at least a size among any number, in constant time.
 *
 *   size < 32:    row 0, column = size                     (exact)
 *   otherwise:    row = log2(size) - 4, column = the five bits below the leading one      (1/32 steps)
 *   row_map has a bit per row with a non-empty list, column_map[row] a bit per non-empty list.
 *   list = 32 * row + column: lists follow each other by size, and a size has its list without a branch.
 *
 * The index knows sizes and list nodes only; its user knows what a node describes, and where its size is.
 * Searching rounds the size up to the next list, so that any first node fits; tlsf_at() lets the user try the exact
 * list's first node before that, which the paper does not do, and which avoids many splits.
 * Source: Masmano, Ripoll, Crespo, Real: TLSF, ECRTS 2004, section 4.
 *
 *   row_map bit r == (column_map[r] != 0)           verify: tlsf_maps
 *   column_map[r] bit c == (head[r][c] != NULL)     verify: tlsf_maps */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"

enum {
    TLSF_COLUMN_SHIFT = 5,
    TLSF_COLUMNS = 1 << TLSF_COLUMN_SHIFT,
    TLSF_ROWS = 22, /* sizes below 2^26 */
    TLSF_LISTS = TLSF_ROWS * TLSF_COLUMNS,
};

struct tlsf_node {
    struct tlsf_node *next;
    struct tlsf_node *prev; /* of the first of its list: the head, whose pointer is its `next` */
};

struct tlsf {
    uint32_t column_map[TLSF_ROWS];
    uint32_t row_map;
    struct tlsf_node *head[TLSF_ROWS][TLSF_COLUMNS];
};

/* The place of a list. */
struct tlsf_place {
    uint32_t row;
    uint32_t column;
};

/* The list that nodes of a size are kept in, and the first list whose nodes are all large enough. Requested sizes are
 * at most half of the largest, so that there is such a list. */
struct tlsf_lists {
    size_t exact;
    size_t enough;
};

INLINE struct tlsf_lists tlsf_lists(uint32_t size) {
    uint32_t shift = bit_high(size | TLSF_COLUMNS) - TLSF_COLUMN_SHIFT;
    size_t base = (size_t)shift << TLSF_COLUMN_SHIFT;
    return (struct tlsf_lists){base + (size >> shift), base + ((size + (1u << shift) - 1) >> shift)};
}

INLINE struct tlsf_place tlsf_place(uint32_t size) {
    size_t list = tlsf_lists(size).exact;
    return (struct tlsf_place){(uint32_t)(list >> TLSF_COLUMN_SHIFT), list & (TLSF_COLUMNS - 1)};
}

/* Address of the pointer to the list's first node, which is NULL when it is empty. */
INLINE struct tlsf_node **tlsf_head(const struct tlsf *tlsf, size_t list) {
    return (struct tlsf_node **)&tlsf->head[0][0] + list;
}

/* Clear a list's bit in the maps: it is empty now. */
INLINE void tlsf_unmap(struct tlsf *tlsf, size_t list) {
    size_t row = list >> TLSF_COLUMN_SHIFT;
    if ((tlsf->column_map[row] &= ~(1u << (list & (TLSF_COLUMNS - 1)))) == 0) tlsf->row_map &= ~(1u << row);
}

/* Enter a node of `size`. A list is LIFO: what was freed last is warm in the cache. */
static inline void tlsf_put(struct tlsf *tlsf, struct tlsf_node *node, uint32_t size) {
    size_t list = tlsf_lists(size).exact, row = list >> TLSF_COLUMN_SHIFT;
    struct tlsf_node *first = *tlsf_head(tlsf, list);
    node->next = first;
    node->prev = (struct tlsf_node *)tlsf_head(tlsf, list);
    if (first) first->prev = node;
    *tlsf_head(tlsf, list) = node;
    tlsf->column_map[row] |= 1u << (list & (TLSF_COLUMNS - 1));
    tlsf->row_map |= 1u << row;
}

/* The list of a first node, from its `prev`, which points to the head; for other nodes TLSF_LISTS or more. */
INLINE size_t tlsf_list_of(const struct tlsf *tlsf, const struct tlsf_node *prev) {
    return ((uintptr_t)prev - (uintptr_t)tlsf->head) / sizeof(struct tlsf_node *);
}

/* Remove a node. */
static inline void tlsf_drop(struct tlsf *tlsf, struct tlsf_node *node) {
    struct tlsf_node *next = node->next, *prev = node->prev;
    prev->next = next;
    if (next) {
        next->prev = prev;
        return;
    }
    size_t list = tlsf_list_of(tlsf, prev);
    if (list < TLSF_LISTS) tlsf_unmap(tlsf, list);
}

/* Remove the first node of a list that is not empty, and return it. */
INLINE struct tlsf_node *tlsf_pop(struct tlsf *tlsf, size_t list) {
    struct tlsf_node *node = *tlsf_head(tlsf, list), *next = node->next;
    *tlsf_head(tlsf, list) = next;
    if (next)
        next->prev = (struct tlsf_node *)tlsf_head(tlsf, list);
    else
        tlsf_unmap(tlsf, list);
    return node;
}

/* First node of the list that nodes of `size` are kept in; it may be smaller than size. */
static inline struct tlsf_node *tlsf_at(const struct tlsf *tlsf, uint32_t size) {
    return *tlsf_head(tlsf, tlsf_lists(size).exact);
}

/* The first non-empty list from `list` on; 0, which is always empty: there is none. */
INLINE size_t tlsf_next_list(const struct tlsf *tlsf, size_t list) {
    size_t row = list >> TLSF_COLUMN_SHIFT;
    uint32_t columns = tlsf->column_map[row] & (~0u << (list & (TLSF_COLUMNS - 1)));
    if (columns == 0) {
        uint32_t rows = tlsf->row_map & (~1u << row);
        if (rows == 0) return 0;
        row = bit_low(rows);
        columns = tlsf->column_map[row];
    }
    size_t found = (row << TLSF_COLUMN_SHIFT) + bit_low(columns);
    if (found == 0) __builtin_unreachable(); /* no node has size 0 */
    return found;
}

/* A node of at least `size`, from the closest list; NULL: there is none. */
static inline struct tlsf_node *tlsf_find(const struct tlsf *tlsf, uint32_t size) {
    return *tlsf_head(tlsf, tlsf_next_list(tlsf, tlsf_lists(size).enough));
}

/* The node before this one in its list; NULL: it is the first. For inspection. */
static inline struct tlsf_node *tlsf_before(const struct tlsf *tlsf, const struct tlsf_node *node) {
    return tlsf_list_of(tlsf, node->prev) < TLSF_LISTS ? NULL : node->prev;
}

/* A node of the last non-empty list: nearly the largest there is. */
static inline struct tlsf_node *tlsf_largest(const struct tlsf *tlsf) {
    if (tlsf->row_map == 0) return NULL;
    uint32_t row = bit_high(tlsf->row_map);
    return tlsf->head[row][bit_high(tlsf->column_map[row])];
}
