/* The verifier, the indexes: maps, lists and the places of what is in them. */
/* SPDX-License-Identifier: MIT */
#include "inspect/spans.h"
#include "inspect/verify_parts.h"
#include "span/medium.h"
#include "span/units.h"

struct totals {
    uint32_t nodes;
    uint32_t size;
};

static void count(struct totals *totals, uint32_t size) {
    totals->nodes++;
    totals->size += size;
}

typedef uint32_t size_of_node(const struct tlsf_node *node);

static uint32_t units_of_node(const struct tlsf_node *node) {
    return ((const struct unit *)((const char *)node - offsetof(struct unit, node)))->count;
}

static uint32_t granules_of_node(const struct tlsf_node *node) {
    return granule_count((const struct granule *)node - 1);
}

/* True when the list of one place is sound: linked both ways, every node where its size belongs. */
static bool list_holds(const struct tlsf *index, struct tlsf_place at, size_of_node *size_of,
                       const struct totals *expected, struct totals *totals) {
    const struct tlsf_node *prev = (const struct tlsf_node *)&index->head[at.row][at.column];
    for (const struct tlsf_node *node = index->head[at.row][at.column]; node; prev = node, node = node->next) {
        uint32_t size = size_of(node);
        struct tlsf_place place = tlsf_place(size);
        if (node->prev != prev || place.row != at.row || place.column != at.column) return false;
        count(totals, size);
        if (totals->nodes > expected->nodes) return false;
    }
    return true;
}

static bool index_holds(const struct tlsf *index, size_of_node *size_of, const struct totals *expected) {
    struct totals totals = {0, 0};
    for (uint32_t row = 0; row < TLSF_ROWS; row++) {
        if ((index->row_map >> row & 1) != (index->column_map[row] != 0)) return false;
        for (uint32_t column = 0; column < TLSF_COLUMNS; column++) {
            if ((index->column_map[row] >> column & 1) != (index->head[row][column] != NULL)) return false;
            if (!list_holds(index, (struct tlsf_place){row, column}, size_of, expected, &totals)) return false;
        }
    }
    return index->row_map >> TLSF_ROWS == 0 && totals.nodes == expected->nodes && totals.size == expected->size;
}

/* What must be in the indexes: free extents, and the free blocks that level 2 lists. */
struct census {
    struct totals dirty, clean, unmapped, dirty_blocks, purged_blocks;
};

static void count_blocks(const struct extent_walk *extent, struct census *census) {
    struct medium_walk block = {0};
    while (medium_walk_next(extent, &block)) {
        if (block.state != GRANULE_FREE || block.count < MEDIUM_GRANULES_MIN) continue;
        bool purged = block.slot->head & (GRANULE_PURGED | GRANULE_ZERO);
        count(purged ? &census->purged_blocks : &census->dirty_blocks, block.count);
    }
}

static struct census take_census(void) {
    struct census census = {0};
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        uint8_t flags = walk.line->flags;
        if (walk.line->kind == UNIT_FREE)
            count(flags & UNIT_UNMAPPED ? &census.unmapped
                  : flags & UNIT_CLEAN  ? &census.clean
                                        : &census.dirty,
                  walk.units);
        if (walk.line->kind == UNIT_MEDIUM) count_blocks(&walk, &census);
    }
    return census;
}

COLD bool verify_tlsf_maps(void) {
    struct census census = take_census();
    return index_holds(&units.dirty, units_of_node, &census.dirty) &&
           index_holds(&units.clean, units_of_node, &census.clean) &&
           index_holds(&units.unmapped, units_of_node, &census.unmapped) &&
           index_holds(&medium.dirty, granules_of_node, &census.dirty_blocks) &&
           index_holds(&medium.purged, granules_of_node, &census.purged_blocks) &&
           census.dirty_blocks.size == medium.dirty_granules;
}
