/* Level 1: extents are cut, merged, extended and aged correctly. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "inspect/verify.h"
#include "span/grow.h"
#include "span/units.h"
#include "span/units_aged.h"
#include "test.h"

static struct unit *take(uint32_t count) {
    struct unit *unit = units_take(count, UNIT_LARGE);
    CHECK(unit != NULL);
    CHECK_EQ(unit->count, count);
    return unit;
}

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

/* Free it as a caller would, after writing to it. */
static void give_dirty(struct unit *unit) {
    unit->flags = 0;
    units_give(unit);
    sound();
}

TEST(new_units_are_zero_and_side_by_side) {
    struct unit *first = take(3), *second = take(5);
    CHECK(second == first + 3);
    CHECK(second->memory == first->memory + 3 * UNIT_BYTES);
    CHECK(first->flags & UNIT_CLEAN);
    CHECK(contents_are_zero(first->memory, 8 * UNIT_BYTES));
    CHECK(span_unit(first->memory + 2 * UNIT_BYTES + 5) == first + 2);
}

TEST(given_extent_is_taken_again_before_anything_new) {
    struct unit *unit = take(4);
    take(1);
    give_dirty(unit);
    CHECK(take(4) == unit);
    CHECK(!(unit->flags & UNIT_CLEAN));
    give_dirty(unit);
    CHECK(take(3) == unit);
}

TEST(dirty_extents_are_taken_before_clean_ones) {
    struct unit *clean = take(4);
    take(1);
    struct unit *dirty = take(40);
    take(1);
    units_give(clean);
    give_dirty(dirty);
    CHECK(take(4) == dirty);
}

TEST(free_extents_of_one_state_merge_on_both_sides) {
    struct unit *left = take(2), *middle = take(3), *right = take(4);
    take(1);
    give_dirty(left);
    give_dirty(right);
    give_dirty(middle);
    CHECK_EQ(left->kind, UNIT_FREE);
    CHECK_EQ(left->count, 9);
    CHECK_EQ(units.dirty_units, 9);
    CHECK(take(9) == left);
}

TEST(clean_and_dirty_extents_stay_apart) {
    struct unit *left = take(2), *right = take(3);
    take(1);
    units_give(left);
    give_dirty(right);
    CHECK_EQ(left->count, 2);
    CHECK_EQ(right->count, 3);
    CHECK_EQ(units.clean_units, 2);
    CHECK_EQ(units.dirty_units, 3);
}

TEST(first_unit_of_a_span_has_an_edge_to_its_left) {
    struct unit *first = take(1);
    CHECK_EQ(first[-1].kind, UNIT_EDGE);
    take(1);
    give_dirty(first);
    CHECK_EQ(first->count, 1);
}

TEST(shrunk_extent_gives_its_tail) {
    struct unit *unit = take(10);
    take(1);
    unit->flags = 0;
    CHECK(units_shrink(unit, 4));
    CHECK_EQ(unit->count, 4);
    CHECK_EQ(units.dirty_units, 6);
    CHECK(take(6) == unit + 4);
    CHECK(units_shrink(unit, 4));
    sound();
}

TEST(extent_is_extended_into_its_free_neighbour) {
    struct unit *unit = take(4), *next = take(6);
    take(1);
    give_dirty(next);
    CHECK(units_extend(unit, 7));
    CHECK_EQ(unit->count, 7);
    CHECK_EQ(units.dirty_units, 3);
    CHECK(!units_extend(unit, 11));
    CHECK(units_extend(unit, 10));
    CHECK_EQ(units.dirty_units, 0);
    CHECK_EQ(units.oldest != NULL, 0);
    sound();
}

TEST(extent_at_the_top_is_extended_by_new_memory) {
    struct unit *unit = take(4);
    CHECK(units_extend(unit, 2000));
    CHECK_EQ(unit->count, 2000);
    CHECK(contents_are_zero(unit->memory, (size_t)2000 * UNIT_BYTES));
    sound();
    take(1);
    CHECK(!units_extend(unit, 2001));
    sound();
}

TEST(extent_over_dirty_memory_does_not_call_itself_clean) {
    struct unit *unit = take(4), *next = take(6);
    take(1);
    give_dirty(next);
    CHECK(unit->flags & UNIT_CLEAN);
    CHECK(units_extend(unit, 8));
    CHECK(!(unit->flags & UNIT_CLEAN));
}

TEST(aligned_extent_takes_no_more_than_it_hands_out) {
    take(1);
    for (uint32_t align = 1; align <= 256; align *= 2) {
        for (uint32_t count = 1; count < 40; count += 13) {
            uint32_t used = units.used_units;
            struct unit *unit = units_take_aligned(count, align, UNIT_LARGE);
            CHECK(unit != NULL);
            CHECK_EQ((uintptr_t)unit->memory % ((size_t)align * UNIT_BYTES), 0);
            CHECK_EQ(unit->count, count);
            CHECK_EQ(unit->kind, UNIT_LARGE);
            CHECK_EQ(units.used_units, used + count);
            sound();
        }
    }
}

TEST(impossible_counts_are_refused) {
    CHECK(!units_take(0, UNIT_LARGE));
    CHECK(!units_take(SPAN_UNITS_MAX + 1, UNIT_LARGE));
    CHECK(!units_take_aligned(1, SPAN_UNITS_MAX * 2, UNIT_LARGE));
    CHECK(!units_take_aligned(SPAN_UNITS_MAX - 1, 16, UNIT_LARGE));
    struct unit *unit = take(1);
    CHECK(!units_extend(unit, SPAN_UNITS_MAX + 1));
    sound();
}

TEST(what_shall_grow_lies_in_touched_memory_with_room_behind) {
    struct unit *hole = take(8);
    take(1);
    give_dirty(hole);
    struct unit *unit = units_take_top(4, UNIT_LARGE);
    CHECK(unit == hole);
    CHECK(units_extend(unit, 8));
    CHECK(!units_extend(unit, 9));
    sound();
}

TEST(run_of_touched_memory_is_taken_before_a_longer_one_that_is_not) {
    struct unit *hole = take(6);
    take(1);
    give_dirty(hole);
    CHECK(units_take_upto(7, 16, UNIT_LARGE) > hole + 6);
    struct unit *run = units_take_upto(2, 16, UNIT_LARGE);
    CHECK(run == hole);
    CHECK_EQ(run->count, 6);
    sound();
}

TEST(top_extent_has_nothing_to_its_right) {
    struct unit *hole = take(4);
    take(1);
    give_dirty(hole);
    struct unit *unit = units_take_top(4, UNIT_LARGE);
    CHECK(unit > hole + 4);
    CHECK(units_extend(unit, 6));
}

TEST(oldest_extent_comes_first_and_only_when_old_enough) {
    struct unit *first = take(2), *wall = take(1), *second = take(2);
    take(1);
    units.now_ms = 100;
    give_dirty(first);
    units.now_ms = 200;
    give_dirty(second);
    CHECK(!units_take_oldest(100));
    struct unit *oldest = units_take_oldest(101);
    CHECK(oldest == first);
    CHECK_EQ(first->kind, UNIT_LEAVING);
    CHECK(!units_take_oldest(200));
    CHECK(units_take_oldest(201) == second);
    units_give_purged(first, UNITS_CLEAN);
    units_give_purged(second, UNITS_CLEAN);
    CHECK_EQ(units.clean_units, 4);
    give_dirty(wall);
    CHECK_EQ(units.dirty_units, 1);
}

TEST(time_wraps_without_harm) {
    struct unit *unit = take(2);
    take(1);
    units.now_ms = UINT32_MAX - 5;
    give_dirty(unit);
    CHECK(!units_take_oldest(UINT32_MAX - 5));
    CHECK(units_take_oldest(20) == unit);
    units_give_purged(unit, UNITS_CLEAN);
}

/* A large old extent does not become young because a small one joins it, nor does a small one make it old. */
TEST(merged_extent_is_as_old_as_its_largest_part) {
    struct unit *big = take(10), *small = take(1), *other = take(30);
    take(1);
    units.now_ms = 100;
    give_dirty(big);
    units.now_ms = 200;
    give_dirty(small);
    CHECK_EQ(big->freed_ms, 100);
    CHECK_EQ(big->count, 11);
    units.now_ms = 300;
    give_dirty(other);
    CHECK_EQ(big->count, 41);
    CHECK_EQ(big->freed_ms, 300);
}

TEST(what_is_left_of_a_cut_extent_keeps_its_age) {
    struct unit *unit = take(10);
    take(1);
    units.now_ms = 100;
    give_dirty(unit);
    units.now_ms = 200;
    take(4);
    CHECK_EQ(unit[4].count, 6);
    CHECK_EQ(unit[4].freed_ms, 100);
    CHECK(units.oldest == unit + 4 && units.newest == unit + 4);
    take(6);
    CHECK(!units.oldest && !units.newest);
    sound();
}

/* An extent that cannot be purged is not tried again and again. */
TEST(extent_given_back_dirty_leaves_the_list_by_age) {
    struct unit *unit = take(3);
    take(1);
    give_dirty(unit);
    CHECK(units_take_oldest(units.now_ms + 1) == unit);
    units_give_purged(unit, UNITS_DIRTY);
    CHECK_EQ(units.dirty_units, 3);
    CHECK(!units_take_oldest(units.now_ms + 1));
    sound();
}

TEST(give_never_waits_for_the_lock) {
    struct unit *units_[20];
    for (int i = 0; i < 20; i++) units_[i] = take(2), take(1);
    CHECK(units_lock());
    uint32_t used = units.used_units;
    for (int i = 0; i < 20; i++) units_give(units_[i]);
    CHECK_EQ(units.used_units, used);
    units_unlock(); /* takes some of them in, and the next ones the rest */
    for (int i = 0; i < 3; i++) {
        sound();
        CHECK(units_lock());
        units_unlock();
    }
    CHECK_EQ(units.used_units, used - 40);
}

/* Random extents against a count of those in use. */
TEST(random_extents_are_never_lost) {
    enum { SLOTS = 64 };
    struct unit *held[SLOTS] = {NULL};
    uint64_t state = 7;
    for (int i = 0; i < 30000; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        uint32_t slot = (uint32_t)(state >> 33) % SLOTS, count = 1 + (uint32_t)(state >> 45) % 200;
        struct unit *unit = held[slot];
        if (!unit) {
            held[slot] = units_take_aligned(count, 1u << (state >> 60) / 2, UNIT_LARGE);
        } else if (state >> 62 == 0) {
            units_extend(unit, unit->count + count / 8 + 1);
        } else if (state >> 62 == 1 && unit->count > 1) {
            unit->flags = 0;
            units_shrink(unit, (unit->count + 1) / 2);
        } else {
            unit->flags = 0;
            units_give(unit);
            held[slot] = NULL;
        }
        if (i % 50 == 0) sound();
    }
    uint32_t sum = 0;
    for (int i = 0; i < SLOTS; i++) sum += held[i] ? held[i]->count : 0;
    CHECK_EQ(units.used_units, sum);
}
