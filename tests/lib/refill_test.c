/* How many slabs a class has: one more where slabs collect only a few free blocks until their turn comes. */
/* SPDX-License-Identifier: MIT */
#include "heap/fast.h"
#include "inspect/verify.h"
#include "span/units.h"
#include "test.h"

enum { BLOCKS = 100000, SIZES = 4 };
static void *blocks[BLOCKS];
static uint64_t state = 1;

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static uint32_t draw(uint32_t limit) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)((state >> 32) * limit >> 32);
}

static void *allocate(void) {
    void *p = t_malloc(16 * (1 + draw(SIZES)));
    CHECK(p != NULL);
    return p;
}

static void fill(void) {
    for (int i = 0; i < BLOCKS; i++) blocks[i] = allocate();
}

/* Replace `count` blocks at random by others of random sizes. Returns how many frees did not find a slab of ours. */
static uint32_t replace(uint32_t count) {
    uint32_t elsewhere = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = draw(BLOCKS);
        elsewhere += span_unit(blocks[at])->owner != heap_self;
        t_free(blocks[at]);
        blocks[at] = allocate();
    }
    return elsewhere;
}

static uint32_t extras(void) {
    uint32_t count = 0;
    for (int class = 1; class <= SIZES; ++class) count += heap_self->classes[class].extra_slabs;
    return count;
}

static uint32_t slabs(void) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < span_home.top_units; i++) count += span_home.lines[i].kind == UNIT_SLAB;
    return count;
}

TEST(class_whose_slabs_collect_little_gets_more_of_them) {
    fill();
    uint32_t before = replace(BLOCKS);
    replace(10 * BLOCKS);
    uint32_t after = replace(BLOCKS);
    CHECK(after < before * 3 / 5); /* three quarters without the extra slabs */
    CHECK(extras() > 0);
    sound();
}

TEST(extra_slabs_are_a_part_of_all) {
    fill();
    replace(20 * BLOCKS);
    uint32_t all = slabs(), extra = extras();
    CHECK(extra > 0 && extra <= all / EXTRA_PART + SIZES);
    replace(50 * BLOCKS);
    CHECK(extras() <= extra + SIZES);
    CHECK(slabs() <= all + SIZES);
    sound();
}

TEST(extra_slabs_that_were_given_back_may_come_again) {
    fill();
    replace(10 * BLOCKS);
    for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]);
    CHECK_EQ(extras(), 0);
    sound();
}

TEST(sparse_slabs_serve_when_there_is_no_memory) {
    fill();
    replace(2 * BLOCKS);
    fake.memory_max = 1;
    while (units_take(1, UNIT_LARGE)) {
    }
    for (uint32_t class = 1; class <= SIZES; ++class) {
        CHECK(heap_self->classes[class].partial.count > EXTRA_PART);
        while (slab_uncarved(heap_self->classes[class].current) > 0 || heap_self->bin[class] != BLOCK_END)
            CHECK(t_malloc(16 * class) != NULL);
        heap_self->classes[class].sparse_refills = SPARSE_REFILLS_MAX + 1;
        heap_self->classes[class].extra_slabs = 0;
        CHECK(heap_refill(heap_self, class));
        CHECK(heap_self->bin[class] != BLOCK_END);
    }
    sound();
}

/* Slabs of few blocks: a single free block is enough in these. */
TEST(classes_of_large_blocks_get_no_more) {
    for (uint32_t class = (uint32_t)class_of(512); class < CLASS_COUNT; ++class) {
        struct unit slab = {.class = (uint8_t) class, .resident_blocks = 2, .used_blocks = 1};
        CHECK(!policy_is_sparse(&slab));
    }
}
