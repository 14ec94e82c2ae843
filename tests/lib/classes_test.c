/* Size classes: every size has the smallest class, every class tiles a unit, every offset is judged correctly. */
/* SPDX-License-Identifier: MIT */
#include "engine/classes.h"
#include "test.h"

TEST(class_of_a_size_is_the_smallest_that_holds_it) {
    for (size_t size = 1; size <= CLASS_BYTES_MAX; size++) {
        size_t class = class_of(size);
        CHECK(class >= 1 && class < CLASS_COUNT);
        CHECK(class_shapes[class].block_bytes >= size);
        CHECK(class == 1 || class_shapes[class - 1].block_bytes < size);
    }
}

TEST(wide_sizes_have_their_class_by_the_table_too) {
    for (size_t size = CLASS_TINY_BYTES + 1; size <= CLASS_BYTES_MAX; size++)
        CHECK_EQ(class_of_wide(size), class_of(size));
}

TEST(classes_grow_and_waste_about_a_fifth_at_most) {
    CHECK_EQ(class_shapes[0].block_bytes, 0);
    for (size_t class = 2; class < CLASS_COUNT; ++class) {
        size_t bytes = class_shapes[class].block_bytes, before = class_shapes[class - 1].block_bytes;
        CHECK(bytes > before);
        CHECK(before < 80 || (bytes - before) * 100 <= bytes * 21);
    }
    CHECK_EQ(class_shapes[CLASS_COUNT - 1].block_bytes, CLASS_BYTES_MAX);
}

TEST(blocks_of_a_class_tile_its_unit) {
    for (size_t class = 1; class < CLASS_COUNT; ++class) {
        const struct class_shape *shape = &class_shapes[class];
        CHECK_EQ(shape->block_bytes % BLOCK_ALIGN_BYTES, 0);
        CHECK_EQ(shape->capacity_blocks, UNIT_BYTES / shape->block_bytes);
        CHECK(shape->capacity_blocks >= 4);
        CHECK_EQ(shape->recip,
                 UINT32_MAX / shape->block_bytes + (UINT32_MAX % shape->block_bytes == shape->block_bytes - 1u) + 1);
    }
}

/* The one multiplication and comparison of slab_is_start(), against a division, for every offset and carving. */
TEST(start_check_is_right_for_every_offset_of_every_class) {
    for (size_t class = 1; class < CLASS_COUNT; ++class) {
        const struct class_shape *shape = &class_shapes[class];
        for (uint32_t carved = 0; carved <= shape->capacity_blocks; carved++) {
            uint32_t starts = carved * class_start_step(shape);
            for (uint32_t offset = 0; offset < UNIT_BYTES; offset++) {
                bool is_start = offset % shape->block_bytes == 0 && offset / shape->block_bytes < carved;
                if ((offset * shape->recip < starts) != is_start) CHECK_EQ(offset, carved);
            }
        }
    }
}

TEST(aligned_class_is_the_smallest_whose_blocks_are_all_aligned) {
    for (size_t align = 1; align <= 2 * CLASS_BYTES_MAX; align *= 2) {
        for (size_t size = 0; size <= CLASS_BYTES_MAX + 1; size++) {
            size_t class = class_aligned(size, align), expected = 0;
            for (size_t c = CLASS_COUNT - 1; c >= 1; c--) {
                size_t bytes = class_shapes[c].block_bytes;
                if (bytes >= size && bytes % align == 0) expected = c;
            }
            if (align > CLASS_BYTES_MAX || size > CLASS_BYTES_MAX) expected = 0;
            CHECK_EQ(class, expected);
        }
    }
}
