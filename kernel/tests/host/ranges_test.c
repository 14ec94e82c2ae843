/* ranges.c against a model: a set of ranges is a row of cells, each inside or outside. */
/* SPDX-License-Identifier: MIT */
#include "cmocka_all.h"
#include "ranges.h"
#include <stdlib.h>
#include <string.h>

enum { CELLS = 400 };

static uint32_t random_below(uint32_t bound) {
    static uint64_t state = 88172645463325252;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) * bound >> 32);
}

static struct range random_range(uint32_t longest) {
    uint32_t start = random_below(CELLS);
    uint32_t end = start + random_below(longest + 1);

    return (struct range){start, end < CELLS ? end : CELLS};
}

static void paint(bool *cells, struct range range, bool inside) {
    for (uint64_t i = range.start; i < range.end; i++) cells[i] = inside;
}

/* The invariant of ranges.h, and the same cells as the model. */
static void assert_same(const struct range_list *set, const bool *cells) {
    bool seen[CELLS] = {false};

    for (uint32_t i = 0; i < set->count; i++) {
        assert_true(set->at[i].start < set->at[i].end);
        assert_true(i == 0 || set->at[i - 1].end < set->at[i].start);
        paint(seen, set->at[i], true);
    }
    assert_memory_equal(seen, cells, sizeof seen);
}

static void add_and_subtract_agree_with_the_cells(void **state) {
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct range_list set = {.count = 0};
        bool cells[CELLS] = {false};
        uint32_t longest = 1 + random_below(60);

        for (int step = 0; step < 200; step++) {
            struct range range = random_range(longest);
            bool add = random_below(2) != 0;
            struct range_list before = set;

            if (add ? ranges_add(&set, range) : ranges_subtract(&set, range))
                paint(cells, range, add);
            else /* full: unchanged, and it really would not have fitted */
                assert_true(memcmp(&before, &set, sizeof set) == 0 && set.count == RANGES_MAX);
            assert_same(&set, cells);
        }
    }
}

static void overlap_agrees_with_the_cells(void **state) {
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct range_list set = {.count = 0};
        bool cells[CELLS] = {false}, expected = false;
        struct range probe = random_range(20);

        for (int i = 0; i < 8; i++) {
            struct range range = random_range(30);
            assert_true(ranges_add(&set, range));
            paint(cells, range, true);
        }
        for (uint64_t i = probe.start; i < probe.end; i++) expected |= cells[i];
        assert_int_equal(ranges_overlap(&set, probe), expected);
    }
}

static void bytes_are_the_cells_inside(void **state) {
    (void)state;
    struct range_list set = {.count = 0};
    bool cells[CELLS] = {false};
    uint64_t inside = 0;

    for (int i = 0; i < 20; i++) {
        struct range range = random_range(30);
        assert_true(ranges_add(&set, range));
        paint(cells, range, true);
    }
    for (int i = 0; i < CELLS; i++) inside += cells[i];
    assert_int_equal(ranges_bytes(&set), inside);
}

static void trim_keeps_whole_granules_only(void **state) {
    (void)state;
    for (int round = 0; round < 500; round++) {
        struct range_list set = {.count = 0};
        bool cells[CELLS] = {false};

        for (int i = 0; i < 12; i++) {
            struct range range = random_range(30);
            assert_true(ranges_add(&set, range));
            paint(cells, range, true);
        }
        for (int granule = 0; granule < CELLS; granule += 8) {
            bool whole = memchr(cells + granule, false, 8) == NULL;
            paint(cells, (struct range){(uint64_t)granule, (uint64_t)granule + 8}, whole);
        }
        ranges_trim(&set, 8);
        for (uint32_t i = 0; i < set.count; i++) /* trimming may leave neighbours that touch */
            assert_true(set.at[i].start % 8 == 0 && set.at[i].end % 8 == 0);
        bool seen[CELLS] = {false};
        for (uint32_t i = 0; i < set.count; i++) paint(seen, set.at[i], true);
        assert_memory_equal(seen, cells, sizeof seen);
    }
}

static void the_end_of_the_address_space_does_not_wrap(void **state) {
    (void)state;
    struct range top = {UINT64_MAX - 100, UINT64_MAX};
    struct range_list set = {.count = 0};
    struct range cover = range_cover(top, 4096);

    assert_true(cover.start == UINT64_MAX - 4095 && cover.end == UINT64_MAX);
    assert_true(ranges_add(&set, top));
    assert_true(ranges_subtract(&set, (struct range){UINT64_MAX - 50, UINT64_MAX}));
    assert_int_equal(ranges_bytes(&set), 50);
    ranges_trim(&set, 4096);
    assert_int_equal(set.count, 0);
}

static void full_list_takes_no_more(void **state) {
    (void)state;
    struct range_list list = {.count = 0};

    for (uint64_t i = 0; i < RANGES_MAX; i++) assert_true(ranges_append(&list, (struct range){i * 10, i * 10 + 1}));
    assert_true(ranges_append(&list, (struct range){5, 5})); /* empty: nothing to keep */
    assert_false(ranges_append(&list, (struct range){5, 6}));
    assert_false(ranges_add(&list, (struct range){5, 6}));
    assert_true(ranges_add(&list, (struct range){1, 2})); /* touches: merges */
    assert_int_equal(list.count, RANGES_MAX);
    assert_true(list.at[0].end == 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add_and_subtract_agree_with_the_cells),
        cmocka_unit_test(overlap_agrees_with_the_cells),
        cmocka_unit_test(bytes_are_the_cells_inside),
        cmocka_unit_test(trim_keeps_whole_granules_only),
        cmocka_unit_test(the_end_of_the_address_space_does_not_wrap),
        cmocka_unit_test(full_list_takes_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
