/* The two-level index against a model that searches every node. */
/* SPDX-License-Identifier: MIT */
#include "engine/tlsf.h"
#include "test.h"

enum { NODES = 300, SIZE_MAX_TESTED = (1 << 26) - (1 << 21) };

struct item {
    struct tlsf_node node;
    uint32_t size; /* 0: not in the index */
};

static struct tlsf index_;
static struct item items[NODES];
static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t random_below(uint32_t bound) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)((state >> 32) * bound >> 32);
}

/* Small, exact sizes as often as large ones of every magnitude. */
static uint32_t random_size(void) {
    uint32_t size = 1 + random_below(2u << random_below(26));
    return size <= SIZE_MAX_TESTED ? size : SIZE_MAX_TESTED;
}

static uint32_t size_of(struct tlsf_node *node) {
    return ((struct item *)node)->size;
}

/* The bound that the index promises: a node is found when one of the size rounded up to the next list exists. */
static uint32_t rounded_up(uint32_t size) {
    if (size < TLSF_COLUMNS) return size;
    uint32_t step = 1u << (bit_high(size) - TLSF_COLUMN_SHIFT);
    return (size + step - 1) & ~(step - 1);
}

static void compare(uint32_t size) {
    struct tlsf_node *found = tlsf_find(&index_, size), *at = tlsf_at(&index_, size), *largest = tlsf_largest(&index_);
    uint32_t smallest_sure = UINT32_MAX, largest_there = 0;
    for (int i = 0; i < NODES; i++) {
        if (items[i].size == 0) continue;
        if (items[i].size >= rounded_up(size) && items[i].size < smallest_sure) smallest_sure = items[i].size;
        if (items[i].size > largest_there) largest_there = items[i].size;
    }
    CHECK((found != NULL) == (smallest_sure != UINT32_MAX));
    CHECK((largest != NULL) == (largest_there != 0));
    if (found) {
        CHECK(size_of(found) >= size);
        struct tlsf_place best = tlsf_place(smallest_sure), place = tlsf_place(size_of(found));
        CHECK(best.row == place.row && best.column == place.column);
    }
    if (at) CHECK_EQ(rounded_up(size_of(at) + 1), rounded_up(size + 1));
    if (largest) CHECK(size_of(largest) >= largest_there - largest_there / TLSF_COLUMNS);
}

static void toggle(struct item *item) {
    if (item->size) {
        tlsf_drop(&index_, &item->node);
        item->size = 0;
    } else {
        item->size = random_size();
        tlsf_put(&index_, &item->node, item->size);
    }
}

static void maps_tell_the_lists(void) {
    for (int row = 0; row < TLSF_ROWS; row++) {
        CHECK_EQ(index_.row_map >> row & 1, index_.column_map[row] != 0);
        for (int column = 0; column < TLSF_COLUMNS; column++)
            CHECK_EQ(index_.column_map[row] >> column & 1, index_.head[row][column] != NULL);
    }
}

TEST(finds_what_a_search_of_all_nodes_finds) {
    for (int round = 0; round < 100000; round++) {
        toggle(&items[random_below(NODES)]);
        if (round % 8 == 0) compare(random_size());
        if (round % 1000 == 0) maps_tell_the_lists();
    }
}

TEST(list_is_last_in_first_out) {
    tlsf_put(&index_, &items[0].node, 100);
    tlsf_put(&index_, &items[1].node, 100);
    CHECK(tlsf_at(&index_, 100) == &items[1].node);
    tlsf_drop(&index_, &items[1].node);
    CHECK(tlsf_find(&index_, 100) == &items[0].node);
}

TEST(empty_index_finds_nothing) {
    CHECK(!tlsf_find(&index_, 1) && !tlsf_at(&index_, 1) && !tlsf_largest(&index_));
    tlsf_put(&index_, &items[0].node, 5);
    tlsf_drop(&index_, &items[0].node);
    CHECK(!tlsf_find(&index_, 1) && !tlsf_at(&index_, 5) && !tlsf_largest(&index_));
    CHECK_EQ(index_.row_map, 0);
}

TEST(sizes_below_a_row_are_exact) {
    for (uint32_t size = 1; size < TLSF_COLUMNS; size++) {
        tlsf_put(&index_, &items[size].node, size);
        CHECK(tlsf_find(&index_, size) == &items[size].node);
        CHECK(!tlsf_find(&index_, size + 1));
        tlsf_drop(&index_, &items[size].node);
    }
}
