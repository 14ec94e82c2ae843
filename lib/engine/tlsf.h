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

/* Enter, or remove, a node of `size`. A list is LIFO: what was freed last is warm in the cache. */
void tlsf_put(struct tlsf *tlsf, struct tlsf_node *node, uint32_t size);
void tlsf_drop(struct tlsf *tlsf, struct tlsf_node *node, uint32_t size);

/* First node of the list that `size` itself is kept in; it may be smaller than size. */
struct tlsf_node *tlsf_at(const struct tlsf *tlsf, uint32_t size);

/* A node that is at least `size` large, from the closest list; NULL: there is none. */
struct tlsf_node *tlsf_find(const struct tlsf *tlsf, uint32_t size);

/* A node of the last non-empty list: nearly the largest there is. */
struct tlsf_node *tlsf_largest(const struct tlsf *tlsf);
