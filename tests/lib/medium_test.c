/* Level 2: blocks of granules. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "inspect/verify.h"
#include "span/medium.h"
#include "span/medium_purge.h"
#include "span/medium_resize.h"
#include "span/units.h"
#include "test.h"

/* Granules of so many KiB. */
#define K(kib) ((kib) * (1024 / GRANULE_BYTES))

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static char *memory(struct granule *slot) {
    return span_slot_memory(span_of_slot(slot), slot);
}

static struct granule *take(uint32_t count) {
    struct granule *slot = medium_take(count, 1);
    CHECK(slot != NULL);
    CHECK_EQ(granule_count(slot), count);
    CHECK_EQ(granule_state(slot), GRANULE_USED);
    sound();
    return slot;
}

static void give(struct granule *slot) {
    medium_give(slot);
    sound();
}

static void freeze_medium(void) {
    lock_freeze(&medium.lock);
}

/* Free and cached blocks have addresses in the slots of their second granules; the address of such a granule is never
 * taken for a block's.
 */
TEST(address_in_a_slot_never_looks_used) {
    for (uint64_t bits = 0; bits < 16; bits++) {
        union {
            uint64_t address;
            struct granule slot;
        } word = {.address = UINT64_C(0x7f5d00000005) | bits << 28};
        CHECK(granule_state(&word.slot) != GRANULE_USED);
    }
}

TEST(blocks_lie_side_by_side) {
    struct granule *first = take(K(5)), *second = take(K(9));
    CHECK(second == first + K(5));
    CHECK(memory(second) == memory(first) + K(5) * GRANULE_BYTES);
    CHECK_EQ(second->before, K(5));
}

TEST(given_block_is_taken_next) {
    struct granule *slot = take(K(20));
    take(K(5));
    give(slot);
    CHECK(take(K(20)) == slot);
}

TEST(free_blocks_merge_on_both_sides) {
    struct granule *left = take(K(6)), *middle = take(K(5)), *right = take(K(7));
    take(K(5));
    give(left);
    give(right);
    give(middle);
    CHECK_EQ(granule_count(left), K(18));
    CHECK_EQ(granule_state(left), GRANULE_FREE);
    CHECK_EQ(middle->head, 0);
    CHECK(take(K(18)) == left);
}

TEST(blocks_too_small_for_a_request_wait_and_merge) {
    struct granule *block = take(K(9)), *wall = take(K(5));
    CHECK(medium_resize(block, K(6)));
    sound();
    CHECK_EQ(granule_count(block + K(6)), K(3));
    CHECK_EQ(granule_state(block + K(6)), GRANULE_FREE);
    give(block);
    CHECK_EQ(granule_count(block), K(9));
    give(wall);
}

TEST(block_grows_into_a_free_neighbour_and_back) {
    struct granule *block = take(K(6)), *next = take(K(10));
    take(K(5));
    CHECK(!medium_resize(block, K(7)));
    give(next);
    CHECK(medium_resize(block, K(12)));
    sound();
    CHECK_EQ(granule_count(block), K(12));
    CHECK_EQ(granule_count(block + K(12)), K(4));
    CHECK(!medium_resize(block, K(17)));
    CHECK(medium_resize(block, K(16)));
    sound();
    CHECK(medium_resize(block, K(5)));
    CHECK_EQ(granule_count(block + K(5)), K(11));
    sound();
}

TEST(aligned_block_leaves_its_front_free) {
    take(K(5));
    for (uint32_t align = 1; align <= GRANULES_PER_UNIT; align *= 2) {
        struct granule *slot = medium_take(K(7), align);
        CHECK_EQ((uintptr_t)memory(slot) % (align * GRANULE_BYTES), 0);
        CHECK_EQ(granule_count(slot), K(7));
        sound();
    }
}

TEST(block_of_untouched_memory_says_zero_until_it_was_used) {
    struct granule *slot = take(K(30));
    CHECK(slot->head & GRANULE_ZERO);
    memset(memory(slot), 7, K(30) * GRANULE_BYTES);
    give(slot);
    slot = take(K(30));
    CHECK(!(slot->head & GRANULE_ZERO));
}

TEST(free_block_is_zero_only_if_both_parts_were) {
    struct granule *used = take(K(8));
    memset(memory(used), 7, K(8) * GRANULE_BYTES);
    give(used); /* merges with untouched memory */
    struct granule *whole = take(K(20));
    CHECK(whole == used);
    CHECK(!(whole->head & GRANULE_ZERO));
}

TEST(roomy_block_can_grow) {
    struct granule *hole = take(K(6));
    take(K(5));
    give(hole);
    struct granule *roomy = medium_take_roomy(K(6));
    CHECK(roomy != hole);
    CHECK(medium_resize(roomy, K(60)));
    sound();
}

/* With much of level 2 free, a new place with room would leave one hole more, as large as the block was. */
TEST(roomy_block_fills_a_hole_when_much_is_free) {
    enum { HOLES = 40 };
    struct granule *hole[HOLES], *smallest = take(K(6));
    for (int i = 0; i < HOLES; i++) {
        take(K(5));
        hole[i] = take(K(60));
    }
    take(K(5));
    for (int i = 0; i < HOLES; i++) give(hole[i]);
    give(smallest);
    CHECK(medium_take_roomy(K(6)) == smallest);
    sound();
}

TEST(block_becomes_large_where_it_is_and_grows_into_level_2) {
    struct granule *slot = take(K(60));
    char *at = memory(slot);
    uint32_t level_2_units = medium.used_units;
    struct unit *unit = medium_become_large(slot, 6);
    CHECK(unit && unit->memory == at && unit->kind == UNIT_LARGE);
    CHECK_EQ(unit->count, 6);
    CHECK_EQ(medium.used_units, level_2_units - 6);
    sound();
    CHECK(medium_lengthen(unit, 3));
    CHECK_EQ(unit->count, 9);
    sound();
    CHECK(!medium_lengthen(unit, level_2_units));
    struct granule *wall = take(K(5));
    CHECK(memory(wall) == at + (9 << UNIT_SHIFT));
    CHECK(!medium_lengthen(unit, 1));
    units_give(unit);
    give(wall);
}

TEST(block_stays_level_2s_if_units_would_be_shared) {
    struct granule *first = take(K(60)), *second = take(K(60));
    CHECK(!medium_become_large(first, 6));  /* its last unit has the second's first granules */
    CHECK(!medium_become_large(second, 6)); /* it begins inside of a unit */
    give(second);
    CHECK(medium_become_large(first, 6) != NULL);
    sound();
}

TEST(units_return_to_level_1_when_there_is_plenty) {
    enum { BLOCKS = 200 };
    struct granule *slots[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) slots[i] = medium_take(K(60), 1);
    sound();
    uint32_t most = medium.used_units;
    for (int i = 0; i < BLOCKS; i += 2) medium_give(slots[i]);
    for (int i = 1; i < BLOCKS; i += 2) medium_give(slots[i]);
    sound();
    CHECK(medium.used_units < most / 2);
    CHECK(units.dirty_units > most / 2);
    medium_purge(0, UINT32_MAX);
    sound();
    CHECK_EQ(medium.used_units, 0);
    CHECK_EQ(medium.free_granules, 0);
    CHECK_EQ(units.used_units, 0);
}

/* When blocks are freed in order their free memory is one block; all but a few MiB of it goes to level 1. */
static void give_all_of_one_block(uint32_t count, bool backwards) {
    enum { BLOCKS = 600 };
    struct granule *slots[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) slots[i] = medium_take(count, 1);
    for (int i = 0; i < BLOCKS; i++) medium_give(slots[backwards ? BLOCKS - 1 - i : i]);
    sound();
    uint32_t keep = (6 << 20) / UNIT_BYTES;
    CHECK(medium.used_units <= keep);
    CHECK(units.dirty_units >= BLOCKS * count / GRANULES_PER_UNIT - keep);
}

TEST(one_free_block_returns_its_units) {
    give_all_of_one_block(K(30), false);
}

TEST(one_free_block_returns_its_units_backwards) {
    give_all_of_one_block(K(66), true);
}

TEST(purge_keeps_what_it_is_told_and_the_used_blocks) {
    struct granule *block = take(K(5)), *written = take(K(100));
    take(K(5));
    contents_fill(&(struct held){(unsigned char *)memory(block), K(5) * GRANULE_BYTES, 1});
    give(written);
    medium_purge(UINT32_MAX / 2, UINT32_MAX);
    CHECK(medium.dirty_granules >= K(100));
    CHECK_EQ(units.used_units, medium.used_units);
    medium_purge(0, UINT32_MAX);
    sound();
    CHECK_EQ(medium.dirty_granules, 0);
    CHECK(granule_state(block) == GRANULE_USED);
    CHECK(contents_hold(&(struct held){(unsigned char *)memory(block), K(5) * GRANULE_BYTES, 1}, K(5) * GRANULE_BYTES));
}

/* Between used blocks only pages that lie wholly in free memory may be purged. */
static void purge_between_used_blocks(size_t page) {
    enum { BLOCKS = 60 };
    fake.page_bytes = page;
    struct granule *slots[BLOCKS];
    struct held held[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        slots[i] = take(K(5 + (uint32_t)i * 7 % 90));
        held[i] = (struct held){(unsigned char *)memory(slots[i]), (size_t)granule_count(slots[i]) << GRANULE_SHIFT,
                                (uint64_t)i + 1};
        contents_fill(&held[i]);
    }
    for (int i = 1; i < BLOCKS; i += 2) give(slots[i]);
    uint32_t dirty = medium.dirty_granules;
    medium_purge(dirty / 2, UINT32_MAX);
    sound();
    CHECK(medium.dirty_granules <= dirty / 2 && medium.dirty_granules > dirty / 4);
    medium_purge(0, UINT32_MAX);
    sound();
    CHECK_EQ(medium.dirty_granules, 0);
    CHECK((fake_counts.purges > 0) == (page == 4096)); /* a larger free page is a whole unit, and leaves the level */
    for (int i = 0; i < BLOCKS; i += 2) CHECK(contents_hold(&held[i], held[i].size));
    for (int i = 1; i < BLOCKS; i += 2) slots[i] = take(K(5 + (uint32_t)i * 7 % 90));
    for (int i = 0; i < BLOCKS; i++) give(slots[i]);
    medium_purge(0, UINT32_MAX);
    CHECK_EQ(medium.used_units, 0);
}

TEST(pages_of_4_kib_between_used_blocks_are_purged) {
    purge_between_used_blocks(4096);
}
TEST(pages_of_16_kib_between_used_blocks_are_purged) {
    purge_between_used_blocks(16384);
}
TEST(pages_of_64_kib_between_used_blocks_are_purged) {
    purge_between_used_blocks(65536);
}

/* A block with whole pages, but without a whole unit. */
static struct granule *take_amid_units(void) {
    take(K(5));
    struct granule *block = take(K(14));
    take(K(5));
    return block;
}

TEST(purged_block_is_not_taken_for_zero) {
    struct granule *block = take_amid_units();
    memset(memory(block), 7, K(14) * GRANULE_BYTES);
    give(block);
    medium_purge(0, UINT32_MAX);
    CHECK_EQ(fake_counts.purges, 1);
    CHECK(take(K(14)) == block);
    CHECK(!(block->head & GRANULE_ZERO));
}

TEST(dirty_blocks_are_taken_before_purged_ones) {
    struct granule *purged = take_amid_units(), *dirty = take(K(40));
    take(K(5));
    give(purged);
    medium_purge(0, UINT32_MAX);
    give(dirty);
    CHECK(take(K(14)) == dirty);
}

TEST(block_that_cannot_be_purged_is_tried_once_a_turn_and_keeps_no_other) {
    struct granule *first = take_amid_units(), *second = take_amid_units();
    memset(memory(first), 7, K(14) * GRANULE_BYTES);
    give(first);
    give(second);
    fake.refused = (char *)round_up((uintptr_t)memory(first), 4096) + 4096;
    uint32_t dirty = medium.dirty_granules;
    CHECK(medium_purge(0, UINT32_MAX)); /* done: nothing is left to purge */
    CHECK_EQ(fake_counts.refusals, 1);
    CHECK(medium.dirty_granules > 0 && medium.dirty_granules < dirty);
    sound();
    CHECK(medium_purge(0, UINT32_MAX));
    CHECK_EQ(fake_counts.refusals, 2);
    fake.refused = NULL;
    CHECK(medium_purge(0, UINT32_MAX));
    CHECK_EQ(medium.dirty_granules, 0);
    sound();
}

/* The purge must not wait for a fork: the fork may wait for a lock that this thread holds. */
TEST(purge_does_not_wait_for_a_fork) {
    struct granule *block = take_amid_units();
    give(block);
    fake_at_purge = freeze_medium;
    medium_purge(0, UINT32_MAX);
    fake_at_purge = NULL;
    lock_thaw(&medium.lock);
    CHECK_EQ(granule_state(block), GRANULE_DEFERRED);
    CHECK(medium_lock());
    medium_unlock();
    sound();
    CHECK_EQ(granule_state(block), GRANULE_FREE);
}

TEST(give_never_waits_for_the_lock) {
    struct granule *slots[20];
    for (int i = 0; i < 20; i++) slots[i] = take(K(6)), take(K(5));
    CHECK(medium_lock());
    for (int i = 0; i < 20; i++) {
        medium_give(slots[i]);
        CHECK_EQ(granule_state(slots[i]), GRANULE_DEFERRED);
    }
    medium_unlock();
    for (int i = 0; i < 3; i++) {
        sound();
        CHECK(medium_lock());
        medium_unlock();
    }
    for (int i = 0; i < 20; i++) CHECK_EQ(granule_state(slots[i]), GRANULE_FREE);
}

TEST(runs_that_touch_become_one) {
    struct granule *first = take(K(250)), *second = take(K(250));
    while (second != first + K(250)) first = second, second = take(K(250));
    give(first);
    give(second);
    CHECK(granule_count(first) >= K(500) || granule_state(first) == GRANULE_NONE);
}

/* Random blocks, checked by their contents instead of a model. */
TEST(random_blocks_keep_their_contents) {
    enum { SLOTS = 100 };
    struct granule *slots[SLOTS] = {NULL};
    struct held held[SLOTS];
    uint64_t state = 11;
    for (int i = 0; i < 60000; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        int at = (int)((state >> 33) % SLOTS);
        uint32_t count = MEDIUM_GRANULES_MIN + (uint32_t)(state >> 43) % (state >> 63 ? K(250) : K(30));
        if (slots[at]) CHECK(contents_hold(&held[at], held[at].size));
        if (!slots[at]) {
            slots[at] = medium_take(count, 1u << (state >> 61) % 5);
        } else if (state >> 62 == 1) {
            uint32_t old = granule_count(slots[at]);
            bool done = medium_resize(slots[at], count);
            CHECK_EQ(granule_count(slots[at]), done ? count : old);
            held[at].size = held[at].size < (size_t)count << GRANULE_SHIFT
                                ? held[at].size
                                : (size_t)granule_count(slots[at]) << GRANULE_SHIFT;
        } else {
            medium_give(slots[at]);
            slots[at] = NULL;
        }
        if (slots[at]) {
            held[at] = (struct held){(unsigned char *)memory(slots[at]),
                                     (size_t)granule_count(slots[at]) << GRANULE_SHIFT, state};
            contents_fill(&held[at]);
        }
        if (i % 100 == 0) sound();
        if (i % 3000 == 0) medium_purge((uint32_t)(state >> 54), 50);
    }
    sound();
}
