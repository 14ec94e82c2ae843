/* Growth without faults: in a heap that grows steadily by small blocks the next 2 MiB are resident ahead of use, in one
 * that is small, sparse or of large blocks they are not, and nobody has touched them before. */
/* SPDX-License-Identifier: MIT */
#include "heap/fast.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include "span/prefault.h"
#include "test.h"

#define MIB ((size_t)1 << 20)
enum { RANGE = 2 << 20 };

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static void grow(size_t bytes, size_t block) {
    for (size_t sum = 0; sum < bytes; sum += block) CHECK(t_malloc(block) != NULL);
}

static uint32_t ready(void) {
    return fake_counts.prefaults + fake_counts.prefaults_failed;
}

/* The unit that begins the range is being taken, the others are free. */
static void rest_is_free(char *at) {
    CHECK(span_unit(at) != NULL);
    for (size_t i = 256 * 1024; i < RANGE; i += UNIT_BYTES) {
        const struct unit *line = span_line(&span_home, (size_t)(at + i - span_home.base));
        CHECK(line->kind == UNIT_INSIDE || line->kind == UNIT_FREE || line->kind == UNIT_FREE_LAST);
    }
}

TEST(small_heaps_have_nothing_ready) {
    grow(30 * MIB, 64);
    CHECK_EQ(ready(), 0);
}

TEST(steady_growth_has_each_range_ready) {
    static const size_t sizes[] = {16, 100, 1000, 4096, 6000};
    fake_at_prefault = rest_is_free;
    grow(36 * MIB, 64);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t before = fake_counts.prefaults;
        size_t from = span_home.top_units;
        grow(24 * MIB, sizes[i]);
        size_t ranges = (span_home.top_units - from) / HUGE_UNITS;
        CHECK(ranges >= 11);
        CHECK(fake_counts.prefaults - before >= ranges - 2);
        CHECK(fake_counts.prefaults - before <= ranges + 1);
    }
    sound();
}

TEST(many_sizes_at_once_are_steady_growth) {
    for (size_t i = 0; units.used_units < 100 * MIB / UNIT_BYTES; i++) CHECK(t_malloc(16 + i * 7919 % 900) != NULL);
    CHECK(fake_counts.prefaults >= 68 * MIB / RANGE - 4);
    sound();
}

TEST(sparse_memory_is_never_made_ready) {
    grow(64 * MIB, 64);
    uint32_t before = ready();
    for (int i = 0; i < 200; i++) {
        CHECK(t_aligned_alloc(2 * MIB, 64) != NULL);
        CHECK(t_malloc(3 * MIB) && t_malloc(200000) && t_calloc(1, 30000) && t_malloc(16));
    }
    CHECK(ready() - before <= 1);
    sound();
}

/* A fifth of the memory is in blocks that may have room to grow: that room would become resident. */
TEST(growth_with_large_blocks_is_not_made_ready) {
    grow(36 * MIB, 64);
    uint32_t before = ready();
    for (int i = 0; i < 400; i++) {
        grow(160000, 64);
        CHECK(t_malloc(40000) != NULL);
    }
    CHECK(ready() - before <= 6);
    sound();
}

TEST(who_has_no_huge_pages_is_asked_seldom) {
    fake.can_collapse = false;
    grow(36 * MIB + 128 * (size_t)RANGE, 1000);
    CHECK(ready() >= 2 && ready() <= 4);
    CHECK_EQ(fake_counts.prefaults, 0);
}

/* A heap that grows again uses purged memory, which is clean, not memory at the top. */
TEST(growth_after_a_fall_is_growth_too) {
    enum { BLOCK = 1000, COUNT = 80 * 1000 };
    static char *block[COUNT];
    grow(36 * MIB, BLOCK);
    for (int i = 0; i < COUNT; i++) block[i] = t_malloc(BLOCK);
    for (int i = 0; i < COUNT; i++) t_free(block[i]);
    fake.now_ms += 5000;
    heap_trim(heap_self);
    uint32_t before = fake_counts.prefaults;
    grow(70 * MIB, BLOCK);
    CHECK(fake_counts.prefaults - before >= 50 * MIB / RANGE);
    sound();
}

TEST(slow_huge_pages_are_tried_seldom_and_small_ones_populated) {
    fake.collapse_is_slow = true;
    grow(36 * MIB, 64);
    uint32_t tried = ready(), populated = fake_counts.populates;
    grow(400 * MIB, 64);
    CHECK(ready() - tried >= 3);
    CHECK(ready() - tried <= 8);
    CHECK(fake_counts.populates - populated >= 185);
    CHECK(fake_counts.populates - populated <= 201);
    fake.collapse_is_slow = false;
    tried = ready();
    grow(300 * MIB, 64);
    CHECK(ready() - tried >= 80); /* at most 64 ranges later all are huge again */
    sound();
}

TEST(what_cannot_be_populated_is_tried_once_a_pause) {
    fake.collapse_is_slow = fake.populate_fails = true;
    grow(36 * MIB, 64);
    uint32_t populated = fake_counts.populates;
    grow(400 * MIB, 64);
    CHECK(fake_counts.populates - populated <= ready());
    sound();
}

TEST(refused_huge_pages_populate_nothing) {
    fake.can_collapse = false;
    grow(200 * MIB, 64);
    CHECK_EQ(fake_counts.populates, 0);
    sound();
}
