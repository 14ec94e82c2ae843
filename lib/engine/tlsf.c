/* The two-level segregated index. */
#include "engine/tlsf.h"

struct place {
    uint32_t row;
    uint32_t column;
};

INLINE struct place place_of(uint32_t size) {
    if (size < TLSF_COLUMNS) return (struct place){0, size};
    uint32_t log = bit_high(size);
    struct place place = {log - (TLSF_COLUMN_SHIFT - 1),
                          (size >> (log - TLSF_COLUMN_SHIFT)) & (TLSF_COLUMNS - 1)};
    if (unlikely(place.row >= TLSF_ROWS)) return (struct place){TLSF_ROWS - 1, TLSF_COLUMNS - 1};
    return place;
}

/* The lowest size kept by the list after the one that holds `size - 1`: every node there is large enough. */
INLINE uint32_t size_to_search(uint32_t size) {
    if (size < TLSF_COLUMNS) return size;
    return size + (1u << (bit_high(size) - TLSF_COLUMN_SHIFT)) - 1;
}

void tlsf_put(struct tlsf *tlsf, struct tlsf_node *node, uint32_t size) {
    struct place at = place_of(size);
    struct tlsf_node *first = tlsf->head[at.row][at.column];
    node->next = first;
    node->prev = NULL;
    if (first) first->prev = node;
    tlsf->head[at.row][at.column] = node;
    tlsf->column_map[at.row] |= 1u << at.column;
    tlsf->row_map |= 1u << at.row;
}

void tlsf_drop(struct tlsf *tlsf, struct tlsf_node *node, uint32_t size) {
    if (node->next) node->next->prev = node->prev;
    if (node->prev) {
        node->prev->next = node->next;
        return;
    }
    struct place at = place_of(size);
    tlsf->head[at.row][at.column] = node->next;
    if (node->next) return;
    tlsf->column_map[at.row] &= ~(1u << at.column);
    if (tlsf->column_map[at.row] == 0) tlsf->row_map &= ~(1u << at.row);
}

struct tlsf_node *tlsf_at(const struct tlsf *tlsf, uint32_t size) {
    struct place at = place_of(size);
    return tlsf->head[at.row][at.column];
}

struct tlsf_node *tlsf_find(const struct tlsf *tlsf, uint32_t size) {
    struct place at = place_of(size_to_search(size));
    uint32_t columns = tlsf->column_map[at.row] & (~0u << at.column);
    if (columns == 0) {
        uint32_t rows = tlsf->row_map & ~((2u << at.row) - 1);
        if (rows == 0) return NULL;
        at.row = bit_low(rows);
        columns = tlsf->column_map[at.row];
    }
    return tlsf->head[at.row][bit_low(columns)];
}

struct tlsf_node *tlsf_largest(const struct tlsf *tlsf) {
    if (tlsf->row_map == 0) return NULL;
    uint32_t row = bit_high(tlsf->row_map);
    return tlsf->head[row][bit_high(tlsf->column_map[row])];
}
