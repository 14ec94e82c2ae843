/* Memory that the world owns: regions become the heap's, completely, and nothing beyond them. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/fast.h"
#include "heap/registry.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include "span/purge.h"
#include "span/region.h"
#include "span/units.h"
#include "test.h"
#include <heapalloc/heap.h>
#include <stdlib.h>

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

enum { MARGIN = 4096, BLOCKS_MAX = 1 << 18 };
static void *blocks[BLOCKS_MAX];

/* Memory with a margin of 0xa5 on both sides, at an odd address: the margins must not be written. */
struct memory {
    char *start;
    size_t bytes;
};

static struct memory owned(size_t bytes) {
    fake.fail_each = 1; /* the world itself provides nothing */
    fake.has_home = false;
    char *all = malloc(bytes + 2 * MARGIN);
    CHECK(all != NULL);
    memset(all, 0xa5, bytes + 2 * MARGIN);
    return (struct memory){all + MARGIN, bytes};
}

static void margins_hold(struct memory memory) {
    for (int i = 1; i <= MARGIN; i++) {
        CHECK_EQ((unsigned char)memory.start[-i], 0xa5);
        CHECK_EQ((unsigned char)memory.start[memory.bytes + (size_t)i - 1], 0xa5);
    }
}

static bool holds(struct memory memory, const void *p) {
    return (const char *)p >= memory.start && (const char *)p < memory.start + memory.bytes;
}

static size_t take_all(size_t size) {
    size_t count = 0;
    while (count < BLOCKS_MAX && (blocks[count] = heap_alloc(size))) memset(blocks[count++], 0x5a, size);
    CHECK(count < BLOCKS_MAX);
    return count;
}

static void free_all(size_t count) {
    for (size_t i = 0; i < count; i += 2) heap_free(blocks[i]);
    for (size_t i = 1; i < count; i += 2) heap_free(blocks[i]);
}

/* All memory can be allocated, in any size, and comes back as one extent. */
static void serves(struct memory memory) {
    static const size_t sizes[] = {16, 100, 4096, 5000, 60 * KIB, 400 * KIB};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t count = take_all(sizes[i]);
        CHECK(sizes[i] > memory.bytes / 2 || count * sizes[i] > memory.bytes / 3);
        CHECK(!verify_heap());
        free_all(count);
        heap_trim(heap_self);
        CHECK(!verify_heap());
    }
    margins_hold(memory);
}

TEST(region_serves_all_sizes_and_stays_inside) {
    struct memory memory = owned(3 * MIB + 5000);
    CHECK(heap_init(memory.start, memory.bytes));
    CHECK_EQ(purge_decay_ms, PURGE_NEVER);
    serves(memory);
    CHECK_EQ(units.dirty_units, span_home.limit_units);
    CHECK(span_home.bytes > memory.bytes - memory.bytes / 32 - 2 * UNIT_BYTES); /* the tables' share */
}

TEST(smallest_region_serves) {
    struct memory memory = owned(64 * KIB);
    CHECK(!heap_init(memory.start, memory.bytes - 1));
    CHECK(heap_init(memory.start, memory.bytes));
    CHECK(!heap_init(memory.start, memory.bytes));
    CHECK(heap_alloc(4096) != NULL);
    CHECK(!verify_heap());
    margins_hold(memory);
}

/* The tables take exactly their computed size, wherever a region begins and ends. */
TEST(region_of_any_shape_stays_inside) {
    struct memory memory = owned(2 * MIB);
    static struct span spans[400];
    for (size_t i = 0; i < 400; i++) {
        size_t skip = i * 97 % 20000, cut = i * 7919 % 1500000;
        struct memory part = {memory.start + skip, memory.bytes - skip - cut};
        span_home = (struct span){0};
        units = (struct units){.lock = units.lock};
        CHECK(heap_init(part.start, part.bytes));
        spans[i] = span_home;
        char *end = spans[i].base + spans[i].bytes;
        CHECK(end <= part.start + part.bytes && end + 2 * UNIT_BYTES > part.start + part.bytes - part.bytes / 64);
        CHECK((char *)(spans[i].lines - 1) >= part.start);
        CHECK((char *)(spans[i].lines + spans[i].limit_units + 1) <= (char *)spans[i].slots);
        CHECK((char *)(spans[i].slots + spans[i].limit_units * GRANULES_PER_UNIT + 1) <= spans[i].base);
        CHECK(!verify_heap());
    }
    margins_hold(memory);
}

TEST(further_regions_are_used_up_as_well) {
    struct memory first = owned(MIB), second = owned(2 * MIB), third = owned(100 * KIB);
    CHECK(heap_init(first.start, first.bytes));
    size_t before = take_all(5000);
    CHECK(heap_add_region(second.start, second.bytes));
    CHECK(heap_add_region(third.start, third.bytes));
    CHECK(!heap_add_region(third.start, 60 * KIB));
    CHECK(!verify_heap());
    size_t seen[3] = {0};
    for (void *p; (p = heap_alloc(3000));) {
        memset(p, 1, 3000);
        for (int i = 0; i < 3; i++) seen[i] += holds((struct memory[]){first, second, third}[i], p);
        blocks[before++] = p;
    }
    CHECK(seen[1] > 300 && seen[2] > 10);
    CHECK(!verify_heap());
    for (size_t i = 0; i < before; i++) CHECK((blocks[i] = heap_realloc(blocks[i], 2500)) != NULL);
    free_all(before);
    heap_trim(heap_self);
    CHECK(!verify_heap());
    CHECK(heap_alloc(1900 * KIB) != NULL); /* the second is whole again */
    margins_hold(first), margins_hold(second), margins_hold(third);
}

TEST(what_the_heap_has_is_no_region) {
    struct memory memory = owned(4 * MIB);
    char *half = memory.start + 2 * MIB;
    CHECK(heap_init(memory.start, 2 * MIB));
    char *block = heap_alloc(300 * KIB), *small = heap_alloc(10);
    CHECK(!heap_add_region(block, 300 * KIB));
    CHECK(!heap_add_region(small, 64 * KIB));
    CHECK(!heap_add_region(memory.start, 2 * MIB));
    CHECK(!heap_add_region(span_home.lines, 64 * KIB));
    CHECK(!heap_add_region(half - 64 * KIB, 128 * KIB));
    CHECK(!heap_add_region(half, SIZE_MAX));
    CHECK(!heap_add_region(half, 0));
    CHECK(heap_add_region(half, 2 * MIB));
    CHECK(!heap_add_region(half, 64 * KIB));
    CHECK(!heap_add_region(memory.start, 4 * MIB));
    CHECK(!heap_add_region(half + MIB, 64 * KIB));
    CHECK(!verify_heap());
}

/* A span described as a whole, entered in pieces: [ kept | free | tables, kept | free | kept ]. */
TEST(what_is_kept_back_is_never_handed_out) {
    struct memory memory = owned(4 * MIB);
    char *base = (char *)round_up((uintptr_t)memory.start, UNIT_BYTES);
    CHECK(region_table_bytes(200) < 5 * UNIT_BYTES);
    region_describe(&span_home, base, 200, base + 60 * UNIT_BYTES);
    CHECK(heap_alloc(10) == NULL);
    CHECK(region_enter(&span_home, base + 10 * UNIT_BYTES, 50 * UNIT_BYTES));
    CHECK(region_enter(&span_home, base + 100 * UNIT_BYTES - 1, 51 * UNIT_BYTES)); /* whole units only: 50 */
    CHECK(!region_enter(&span_home, base + 5 * UNIT_BYTES, 6 * UNIT_BYTES));
    CHECK(!region_enter(&span_home, base + 10 * UNIT_BYTES, UNIT_BYTES));
    CHECK(!region_enter(&span_home, base + 190 * UNIT_BYTES, 11 * UNIT_BYTES));
    CHECK(!region_enter(&span_home, base + 190 * UNIT_BYTES, UNIT_BYTES - 1));
    CHECK_EQ(units.dirty_units, 100);
    CHECK(!verify_heap());
    for (void *p; (p = heap_alloc(UNIT_BYTES * 2));) {
        size_t unit = (size_t)((char *)p - base) / UNIT_BYTES;
        CHECK((unit >= 10 && unit + 2 <= 60) || (unit >= 100 && unit + 2 <= 150));
    }
    CHECK(!heap_add_region(base + 60 * UNIT_BYTES, 40 * UNIT_BYTES)); /* the tables are there */
    CHECK(heap_add_region(base + 64 * UNIT_BYTES, 36 * UNIT_BYTES));
    CHECK(heap_add_region(base, 10 * UNIT_BYTES));
    CHECK(heap_add_region(base + 150 * UNIT_BYTES, 50 * UNIT_BYTES));
    CHECK(!verify_heap());
    CHECK(heap_alloc(50 * UNIT_BYTES) != NULL);
}

/* Any free units of a span can be taken back, at its ends and in its middle, and added again. */
TEST(parts_of_a_span_are_taken_back) {
    struct memory memory = owned(4 * MIB);
    CHECK(heap_init(memory.start, memory.bytes));
    uint32_t all = units.dirty_units;
    char *parts[] = {span_home.base, span_home.base + 100 * UNIT_BYTES,
                     span_home.base + (all - 20) * (size_t)UNIT_BYTES};
    for (size_t i = 0; i < 3; i++) {
        CHECK(heap_remove_region(parts[i], 20 * UNIT_BYTES));
        CHECK_EQ(units.dirty_units, all - 20 * (i + 1));
        CHECK(!heap_remove_region(parts[i], UNIT_BYTES));
        CHECK(!verify_heap());
    }
    CHECK(!heap_remove_region(parts[1] - UNIT_BYTES, 3 * UNIT_BYTES));
    CHECK(!heap_remove_region(parts[1] + 20 * UNIT_BYTES, UNIT_BYTES - 1));
    size_t count = take_all(3000);
    for (size_t i = 0; i < count; i++)
        for (size_t part = 0; part < 3; part++) CHECK((size_t)((char *)blocks[i] - parts[part]) >= 20 * UNIT_BYTES);
    CHECK(!heap_remove_region(parts[0] + 30 * UNIT_BYTES, UNIT_BYTES)); /* in use */
    free_all(count);
    for (size_t i = 0; i < 3; i++) CHECK(heap_add_region(parts[i], 20 * UNIT_BYTES));
    heap_trim(heap_self);
    CHECK(units.dirty_units + 1 >= all); /* the heap itself may have a unit */
    CHECK(!verify_heap());
}

/* A unit that holds heaps is the allocator's own, but not kept back. */
TEST(heaps_own_units_are_no_region) {
    struct memory memory = owned(MIB);
    CHECK(heap_init(memory.start, memory.bytes));
    heap_free(heap_alloc(1));
    struct heap *second = heap_create();
    CHECK(second != NULL && holds(memory, second));
    CHECK(!heap_add_region((void *)round_down((uintptr_t)second, UNIT_BYTES), UNIT_BYTES));
    CHECK(!verify_heap());
}

static bool was_asked;
static void note(void) {
    was_asked = true;
}

TEST(memory_may_begin_anywhere_and_null_is_no_block) {
    struct memory memory = owned(MIB);
    fake_at_request = note;
    CHECK(heap_init(memory.start, memory.bytes));
    heap_free(NULL);
    char *p = heap_realloc(NULL, 100);
    CHECK(p != NULL && heap_realloc(p, 0) == NULL);
    CHECK(!was_asked); /* the world, for memory */
    expect_stop("is already free", heap_free(p));
    expect_stop("is not ours", heap_free(memory.start));
    test_leaves_a_broken_heap();
}
