/* Red zones: which first blocks have them, and what memory they take. */
/* SPDX-License-Identifier: MIT */
#include "heap/redzone.h"
#include "span/medium.h"
#include "test.h"
#include <sys/mman.h>

enum { FIRSTS = 8, REGION_BYTES = 96 * 1024 };

static bool has_red_zones(void) {
    if (!config_redzones || hardened()) return false;
    redzone_set_firsts(FIRSTS);
    return true;
}

static void check_firsts(size_t size) {
    if (!has_red_zones()) return;
    for (int i = 0; i < FIRSTS; i++) CHECK(redzone_bytes(MUST(t_malloc(size))) >= size);
    CHECK_EQ(redzone_bytes(MUST(t_malloc(size))), 0);
    CHECK(load_relaxed(medium.used_units) == 0 || size > REDZONE_CELL_MAX);
}

TEST(eight_blocks_of_64_bytes_have_them) {
    check_firsts(64);
}

TEST(eight_blocks_of_1_kib_have_them) {
    check_firsts(1024);
}

TEST(eight_blocks_of_4_kib_have_them_though_each_takes_two_pages) {
    check_firsts(4096);
}

TEST(eight_blocks_of_64_kib_have_them) {
    check_firsts(REDZONE_BYTES_MAX);
}

/* A program of many sizes: those of its last sizes that find no room have none, and take no memory of level 2. */
TEST(blocks_of_all_sizes_take_one_region) {
    int zoned = 0;
    if (!has_red_zones()) return;
    for (uint32_t class = CLASS_COUNT - 1; class > 0; class --) {
        for (int i = 0; i < FIRSTS; i++) {
            void *p = MUST(t_malloc(class_shapes[class].block_bytes));
            zoned += redzone_bytes(p) > 0;
            t_free(p);
        }
    }
    CHECK(zoned > 2 * FIRSTS && zoned < (int)(CLASS_COUNT - 1) * FIRSTS);
    CHECK_EQ(load_relaxed(medium.used_units), 0);
    CHECK(redzone_region.used <= REGION_BYTES);
    CHECK_EQ(redzone_region.bytes, REGION_BYTES);
}

/* Where more than the default is asked for, memory is no reason to look at fewer. */
TEST(more_are_checked_where_they_are_asked_for) {
    if (!has_red_zones()) return;
    redzone_set_firsts(200);
    for (int i = 0; i < 200; i++) CHECK(redzone_bytes(MUST(t_malloc(1000))) >= 1000);
    CHECK(load_relaxed(medium.used_units) > 0);
}

TEST(calloc_leaves_the_pages_of_a_larger_one_untouched) {
    enum { BYTES = REDZONE_BYTES_MAX, PAGES = BYTES / 4096 };
    unsigned char resident[PAGES + 1];
    int touched = 0;
    if (!has_red_zones()) return;
    char *p = MUST(t_calloc(1, BYTES)), *page = (char *)((uintptr_t)p & ~(uintptr_t)4095);
    CHECK(redzone_bytes(p) > 0);
    CHECK_EQ(mincore(page, (PAGES + 1) * 4096, resident), 0);
    for (int i = 0; i <= PAGES; i++) touched += resident[i] & 1;
    CHECK(touched <= 3); /* with the head, with the tail, and level 2's notes */
    for (int i = 0; i < BYTES; i++) CHECK(p[i] == 0);
}
