/* Bins: the block freed last comes first, and blocks that are not the current slab's return to their slabs. */
/* SPDX-License-Identifier: MIT */
#include "breaks.h"
#include "heap/fast.h"
#include "heap/flush.h"
#include "inspect/verify.h"
#include "span/units.h"
#include "test.h"

enum { SIZE = 1000, IN_SLAB = 16 };
static char *blocks[3 * IN_SLAB];

static uint32_t class_here(void) {
    return (uint32_t)class_of(SIZE);
}

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static void take(int count) {
    CHECK_EQ(class_shapes[class_here()].capacity_blocks, IN_SLAB);
    for (int i = 0; i < count; i++) CHECK((blocks[i] = t_malloc(SIZE)) != NULL);
}

/* The list `block` begins has these blocks, in this order. */
static void expect_list(const struct block *block, int count, char *const *wanted) {
    for (int i = 0; i < count; i++, block = block->next) CHECK(block == (struct block *)wanted[i]);
}

TEST(block_freed_last_is_handed_out_first) {
    take(IN_SLAB);
    char *order[] = {blocks[4], blocks[9], blocks[1]};
    for (int i = 3; i-- > 0;) t_free(order[i]);
    sound();
    expect_list(heap_self->bin[class_here()], 3, order);
    for (int i = 0; i < 3; i++) CHECK(t_malloc(SIZE) == order[i]);
    sound();
}

TEST(block_of_another_slab_goes_to_its_list) {
    take(2 * IN_SLAB);
    struct unit *first = span_unit(blocks[0]);
    CHECK(first != heap_self->classes[class_here()].current);
    t_free(blocks[0]), t_free(blocks[1]);
    CHECK_EQ(first->used_blocks, IN_SLAB - 2);
    CHECK(first->free == (struct block *)blocks[1]);
    sound();
}

TEST(flushed_bin_keeps_its_order) {
    take(IN_SLAB);
    char *order[] = {blocks[3], blocks[7], blocks[5], blocks[6]};
    for (int i = 4; i-- > 0;) t_free(order[i]);
    struct unit *slab = span_unit(blocks[0]);
    CHECK_EQ(slab_used(slab), IN_SLAB);
    heap_flush_bins(heap_self);
    CHECK_EQ(slab->used_blocks, IN_SLAB - 4);
    expect_list(slab->free, 4, order);
    sound();
    t_free(blocks[0]); /* nothing returns to the bin now */
    CHECK(heap_self->bin[class_here()] == BLOCK_END);
    CHECK(slab->free == (struct block *)blocks[0]);
    CHECK(t_malloc(SIZE) == blocks[0]);
    expect_list(heap_self->bin[class_here()], 4, order);
    t_free(blocks[0]); /* now it does */
    CHECK(heap_self->bin[class_here()] == (struct block *)blocks[0]);
    sound();
}

/* Only pairs of one size, whose bin is never empty: they read the clock nevertheless. */
TEST(peak_goes_back_by_pairs_of_one_size) {
    static void *peak[4000];
    for (int i = 0; i < 4000; i++) CHECK((peak[i] = t_malloc(4096)) != NULL);
    for (int i = 0; i < 4000; i++) t_free(peak[i]);
    t_free(t_malloc(SIZE));
    for (int round = 0; round < 4; round++) {
        fake.now_ms += 600;
        for (int i = 0; i < 4 * RETURNS_MAX; i++) t_free(t_malloc(SIZE));
    }
    CHECK(units.dirty_units * UNIT_BYTES <= 4 << 20);
    sound();
}

/* A class that is no longer used keeps no slab, whatever its bin contains. */
TEST(slab_that_lies_in_its_bin_goes_back) {
    take(IN_SLAB);
    for (int i = 0; i < IN_SLAB; i++) t_free(blocks[i]);
    CHECK(heap_self->classes[class_here()].current != NULL);
    for (int round = 0; round < 3; round++) {
        fake.now_ms += 600;
        for (int i = 0; i < 20 * RETURNS_MAX; i++) t_free(t_malloc(64));
    }
    CHECK(!heap_self->classes[class_here()].current);
    sound();
}

TEST(loop_in_a_bin_is_reported) {
    if (!config_safety) return;
    take(IN_SLAB);
    t_free(blocks[2]), t_free(blocks[3]);
    memset(blocks[2], 0, 16); /* overwritten, it can be freed again */
    t_free(blocks[2]);
    expect_stop("is already free", heap_flush_bins(heap_self));
    test_leaves_a_broken_heap();
}
