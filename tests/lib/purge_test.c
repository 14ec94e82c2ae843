/* Purging, with pages of every size, and the emergency units. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "inspect/verify.h"
#include "span/emergency.h"
#include "span/emergency_reserve.h"
#include "span/grow.h"
#include "span/purge.h"
#include "span/units.h"
#include "span/units_aged.h"
#include "test.h"
#include <pthread.h>

static struct unit *take(uint32_t count) {
    struct unit *unit = units_take(count, UNIT_LARGE);
    CHECK(unit != NULL);
    return unit;
}

static void give_written(struct unit *unit) {
    memset(unit->memory, 0xa5, (size_t)unit->count * UNIT_BYTES);
    unit->flags = 0;
    units_give(unit);
}

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

/* Clean extents are zero, as level 1 promises to calloc. */
static void clean_is_zero(void) {
    sound();
    for (uint32_t i = 0; i < span_home.top_units; i++) {
        struct unit *unit = &span_home.lines[i];
        if (unit->kind == UNIT_FREE && unit->flags & UNIT_CLEAN)
            CHECK(contents_are_zero(unit->memory, (size_t)unit->count * UNIT_BYTES));
    }
}

TEST(old_extents_are_purged_and_young_ones_stay) {
    struct unit *old = take(5), *wall = take(1), *young = take(7);
    take(1);
    units.now_ms = 10;
    give_written(old);
    units.now_ms = 20;
    give_written(young);
    CHECK_EQ(purge_before(15, 64), 5);
    CHECK_EQ(units.clean_units, 5);
    CHECK_EQ(units.dirty_units, 7);
    clean_is_zero();
    give_written(wall);
    sound();
}

TEST(purged_extents_merge_with_clean_neighbours) {
    struct unit *left = take(2), *middle = take(2), *right = take(2);
    take(1);
    give_written(left);
    purge_before(1, 64);
    units_give(right);
    give_written(middle);
    purge_before(1, 64);
    CHECK_EQ(left->count, 6);
    clean_is_zero();
}

/* A page of slots describes 16 units, a page of lines 64: each goes back when the last of its units has become clean,
 * and neighbouring pages stay. */
TEST(tables_of_clean_units_go_back) {
    enum {
        UNITS = 200,
        PAGE = 4096,
        SLOTS_PAGE = PAGE / (int)sizeof(struct granule),
        LINES_PAGE = PAGE / UNIT_LINE_BYTES
    };
    struct unit *held[UNITS], *wall = take(1);
    for (int i = 0; i < UNITS; i++) held[i] = take(1);
    take(1);
    struct granule *first = span_slot(&span_home, held[0]->memory), *end = first + UNITS * GRANULES_PER_UNIT;
    for (struct granule *slot = first; slot <= end; slot++) slot->before = 7;
    for (int i = 0; i < UNITS; i += 2) give_written(held[i]);
    purge_before(1, UINT32_MAX);
    for (struct granule *slot = first; slot <= end; slot++) CHECK_EQ(slot->before, 7);
    for (int i = 1; i < UNITS; i += 2) give_written(held[i]);
    purge_before(1, UINT32_MAX);
    uint32_t zero = 0, lines = 0;
    for (struct granule *slot = first; slot < end; slot++) zero += slot->before == 0;
    for (struct unit *line = held[1]; line < held[UNITS - 1]; line++) lines += line->memory == NULL;
    CHECK(zero % SLOTS_PAGE == 0 && zero + 2 * SLOTS_PAGE > UNITS * GRANULES_PER_UNIT);
    CHECK(lines % LINES_PAGE == 0 && lines + 2 * LINES_PAGE > UNITS - 2);
    CHECK_EQ(end->before, 7);
    CHECK_EQ(first->before, 7);
    CHECK_EQ(held[0]->count, UNITS);
    clean_is_zero();
    units_give(wall);
    sound();
}

TEST(extents_per_step_are_bounded) {
    struct unit *held[10];
    for (int i = 0; i < 10; i++) held[i] = take(1), take(1);
    for (int i = 0; i < 10; i++) give_written(held[i]);
    CHECK_EQ(purge_before(1, 4), 4);
    CHECK_EQ(fake_counts.purges, 4);
    CHECK_EQ(purge_before(1, 64), 6);
    clean_is_zero();
}

TEST(what_cannot_be_purged_stays_dirty_and_is_tried_again_when_it_is_old_once_more) {
    fake.can_purge = false;
    struct unit *unit = take(3);
    take(1);
    units.now_ms = 10;
    give_written(unit);
    units.now_ms = 20;
    CHECK_EQ(purge_before(15, UINT32_MAX), 0);
    uint32_t refusals = fake_counts.refusals;
    CHECK(refusals > 0);
    CHECK_EQ(units.dirty_units, 3);
    CHECK_EQ(units.clean_units, 0);
    fake.can_purge = true;
    CHECK_EQ(purge_before(15, 64), 0); /* it is young again */
    CHECK_EQ(purge_before(25, 64), 3);
    CHECK_EQ(fake_counts.refusals, refusals);
    clean_is_zero();
}

/* A purge that fails half-way has purged the front: all around the page that stays is purged, and only that is clean.
 * */
TEST(all_around_a_page_that_cannot_be_purged_goes_back) {
    for (uint32_t at = 0; at < 1000; at += 111) {
        struct unit *unit = take(1000), *wall = take(1);
        fake.refused = unit->memory + at * UNIT_BYTES + 4096;
        uint32_t refusals = fake_counts.refusals;
        give_written(unit);
        CHECK_EQ(purge_before(units.now_ms + 1, UINT32_MAX), 999);
        CHECK_EQ(units.dirty_units, 1);
        CHECK(fake_counts.refusals - refusals <= 11); /* log2 of 1000, and itself */
        clean_is_zero();
        fake.refused = NULL;
        CHECK_EQ(purge_before(units.now_ms + 1, UINT32_MAX), 1);
        clean_is_zero();
        wall->flags = 0;
        units_give(wall);
        purge_before(units.now_ms + 1, UINT32_MAX);
    }
}

/* If the world refuses every purge, a step makes a bounded number of calls, however much is free. */
TEST(vain_purges_are_bounded) {
    enum { EXTENTS = 100 };
    struct unit *held[EXTENTS];
    fake.can_purge = false;
    for (int i = 0; i < EXTENTS; i++) held[i] = take(70), take(1);
    for (int i = 0; i < EXTENTS; i++) give_written(held[i]);
    CHECK_EQ(purge_before(1, UINT32_MAX), 0);
    CHECK(fake_counts.refusals <= 8 * 64);
    CHECK_EQ(units.dirty_units, EXTENTS * 70);
    fake.can_purge = true;
    for (int i = 0; i < 2; i++) purge_before(1, UINT32_MAX);
    CHECK_EQ(units.dirty_units, 0);
    clean_is_zero();
}

/* Random extents under each page size: only whole pages that are free in all their units are purged, and all memory
 * marked clean is zero. The contents of blocks prove that no page in use is purged. */
static void purge_randomly(size_t page) {
    enum { SLOTS = 80 };
    fake.page_bytes = page;
    struct unit *unit[SLOTS] = {NULL};
    struct held held[SLOTS];
    uint64_t state = page;
    for (uint32_t i = 0; i < 6000; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        uint32_t at = (uint32_t)(state >> 33) % SLOTS, count = 1 + (uint32_t)(state >> 45) % 12;
        units.now_ms = i;
        if (unit[at]) {
            CHECK(contents_hold(&held[at], held[at].size));
            unit[at]->flags = 0;
            units_give(unit[at]);
            unit[at] = NULL;
        } else {
            unit[at] = take(count);
            held[at] = (struct held){(unsigned char *)unit[at]->memory, (size_t)count * UNIT_BYTES, state};
            if (unit[at]->flags & UNIT_CLEAN) CHECK(contents_are_zero(held[at].at, held[at].size));
            contents_fill(&held[at]);
        }
        if (i % 16 == 0) purge_before(i - 20, 8);
        if (i % 200 == 0) clean_is_zero();
    }
    for (int i = 0; i < SLOTS; i++) {
        if (unit[i]) unit[i]->flags = 0, units_give(unit[i]);
    }
    purge_before(units.now_ms + 1, UINT32_MAX);
    clean_is_zero();
    /* Memory that shares a large page with untouched memory cannot be purged; all other memory is. */
    CHECK(units.dirty_units <= (page > UNIT_BYTES ? span_home.top_units / 8 : 0));
}

TEST(pages_of_4_kib_are_purged_whole) {
    purge_randomly(4096);
}
TEST(pages_of_16_kib_are_purged_whole) {
    purge_randomly(16384);
}
TEST(pages_of_64_kib_are_purged_whole) {
    purge_randomly(65536);
}

/* Ends that share a page with a block in use must not keep their place in the list: they would be tried forever.
 */
TEST(ends_of_an_extent_on_a_shared_page_stay_dirty_until_the_neighbour_goes) {
    fake.page_bytes = 65536;
    struct unit *left = take(1), *middle = take(10), *right = take(1);
    take(8);
    CHECK_EQ((uintptr_t)left->memory % 65536, 0);
    give_written(middle);
    CHECK_EQ(purge_before(1, 64), 4);
    CHECK_EQ(units.clean_units, 4);
    CHECK_EQ(units.dirty_units, 6);
    clean_is_zero();
    give_written(left);
    give_written(right);
    purge_before(1, 64);
    CHECK_EQ(units.dirty_units, 0);
    clean_is_zero();
}

TEST(more_dirty_memory_than_the_heap_may_keep_is_purged_at_once) {
    enum { BLOCKS = 272, UNITS = 64 };
    struct unit *held[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) held[i] = take(UNITS), take(1);
    for (int i = 0; i < BLOCKS; i++) {
        held[i]->flags = 0;
        units_give(held[i]);
    }
    CHECK(units.dirty_units > (264 << 20) / UNIT_BYTES);
    for (int i = 0; i < 10; i++) purge_excess((256 << 20) / UNIT_BYTES);
    CHECK(units.dirty_units <= (256 << 20) / UNIT_BYTES);
    CHECK(units.dirty_units > (248 << 20) / UNIT_BYTES);
    sound();
}

/* During the caller's own fork, for which it does not wait. */
static struct unit *aside(uint32_t count) {
    bool over;
    struct unit *unit = emergency_take(count, UNIT_LARGE, &over);
    CHECK(!over);
    return unit;
}

TEST(emergency_units_come_from_a_span_of_their_own) {
    struct unit *normal = take(1);
    lock_fork_begin();
    struct unit *first = aside(3), *second = aside(1);
    CHECK(first && second);
    CHECK(span_of(first->memory) != span_of(normal->memory));
    CHECK(second == first + 3);
    CHECK(first->flags & UNIT_CLEAN);
    memset(first->memory, 1, 3 * UNIT_BYTES);
    sound();
    CHECK_EQ(units.emergency_units, 4);
    lock_fork_end();
}

TEST(given_emergency_units_join_level_1) {
    take(1);
    lock_fork_begin();
    struct unit *unit = aside(3);
    aside(1);
    lock_fork_end();
    unit->flags = 0;
    units_give(unit);
    sound();
    CHECK_EQ(units.dirty_units, 3);
    CHECK(take(3) == unit);
}

TEST(emergency_units_serve_any_count_and_refuse_what_cannot_be) {
    take(1);
    lock_fork_begin();
    for (uint32_t count = 1; count < 5000; count = count * 3 + 1) CHECK(aside(count) != NULL);
    CHECK(!aside(SPAN_UNITS_MAX));
    fake.fail_at = 1;
    fake.fail_run = UINT32_MAX / 2;
    CHECK(!aside(5000));
    lock_fork_end();
    sound();
}

/* Units are in the home span, and in the end level 1 has more of them, by those left of the emergency span. */
TEST(what_a_fork_set_aside_comes_back_whole) {
    take(1);
    emergency_open();
    lock_fork_begin();
    struct unit *first = aside(10), *other = aside(3000);
    CHECK(span_of(first->memory) == &span_home && span_of(other->memory) != &span_home);
    emergency_close();
    lock_fork_end();
    sound();
    CHECK(!emergency_take_ready(1, UNIT_LARGE));
    units_give(first);
    units_give(other);
    sound();
    uint32_t spans = span_count;
    for (int i = 0; i < 100; i++) {
        emergency_open();
        lock_fork_begin();
        first = aside(10);
        emergency_close();
        lock_fork_end();
        units_give(first);
    }
    sound();
    CHECK_EQ(span_count, spans);
}

static struct unit *other;

static void *meet_frozen_locks(void *unit) {
    CHECK(!lock_take(&units.lock));
    other = units_take(2, UNIT_LARGE);
    CHECK(other && span_of(other->memory) != &span_home);
    units_give(unit);
    CHECK_EQ(((struct unit *)unit)->kind, UNIT_LEAVING);
    CHECK(!units_extend(other, 3));
    CHECK(!units_take_oldest(1));
    return NULL;
}

TEST(frozen_locks_lead_to_emergency_units) {
    struct unit *unit = take(2);
    pthread_t thread;
    take(1);
    unit->flags = 0;
    lock_fork_begin();
    lock_freeze(&grow_gate);
    lock_freeze(&units.lock);
    CHECK_EQ(pthread_create(&thread, NULL, meet_frozen_locks, unit), 0);
    pthread_join(thread, NULL);
    CHECK(take(2) == unit || take(2) == unit); /* the locks are ours */
    CHECK_EQ(units.lock.word, LOCK_FROZEN);
    units_give(unit);
    lock_thaw(&units.lock);
    lock_thaw(&grow_gate);
    lock_fork_end();
    CHECK(take(2) == unit);
    sound();
}
