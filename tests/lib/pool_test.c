/* Pools and arenas. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/heap.h"
#include "span/units.h"
#include "test.h"
#include <heapalloc/heapalloc.h>

enum { BLOCKS = 2000 };

static struct heapalloc_pool *pool_of(size_t bytes, size_t align) {
    struct heapalloc_pool *pool = heapalloc_pool_create(bytes, align);
    CHECK(pool != NULL);
    return pool;
}

TEST(pool_takes_sizes_and_alignments_in_range_only) {
    CHECK(!heapalloc_pool_create(0, 16));
    CHECK(!heapalloc_pool_create(HEAPALLOC_POOL_BYTES_MAX + 1, 16));
    CHECK(!heapalloc_pool_create(16, 24));
    CHECK(!heapalloc_pool_create(16, 2 * HEAPALLOC_POOL_BYTES_MAX));
    heapalloc_pool_destroy(NULL);
    heapalloc_pool_put(pool_of(1, 0), NULL);
}

static void exercise(size_t bytes, size_t align) {
    static struct held held[BLOCKS];
    struct heapalloc_pool *pool = pool_of(bytes, align);
    size_t step = align < 16 ? 16 : align;
    for (int i = 0; i < BLOCKS; i++) {
        held[i] = (struct held){heapalloc_pool_get(pool), bytes, (uint64_t)i};
        CHECK(held[i].at && (uintptr_t)held[i].at % step == 0);
        contents_fill(&held[i]);
    }
    for (int i = 0; i < BLOCKS; i += 3) heapalloc_pool_put(pool, held[i].at);
    for (int i = 0; i < BLOCKS; i += 3) {
        held[i].at = heapalloc_pool_get(pool);
        contents_fill(&held[i]);
    }
    for (int i = 0; i < BLOCKS; i++) CHECK(contents_hold(&held[i], bytes));
    uint32_t used = units.used_units;
    for (int i = 0; i < BLOCKS; i++) heapalloc_pool_put(pool, held[i].at);
    for (int i = 0; i < BLOCKS; i++) CHECK(heapalloc_pool_get(pool) != NULL);
    CHECK_EQ(units.used_units, used); /* blocks that came back are used before new ones */
    heapalloc_pool_destroy(pool);
    test_nothing_is_lost();
}

TEST(blocks_of_16_do_not_overlap) {
    exercise(16, 0);
}
TEST(blocks_of_100_do_not_overlap) {
    exercise(100, 16);
}
TEST(blocks_of_300_aligned_to_256) {
    exercise(300, 256);
}
TEST(blocks_of_5000_do_not_overlap) {
    exercise(5000, 8);
}
TEST(blocks_of_a_unit_aligned_to_it) {
    exercise(HEAPALLOC_POOL_BYTES_MAX, HEAPALLOC_POOL_BYTES_MAX);
}

TEST(pool_is_last_in_first_out) {
    struct heapalloc_pool *pool = pool_of(64, 0);
    void *block[4];
    for (int i = 0; i < 4; i++) block[i] = heapalloc_pool_get(pool);
    for (int i = 0; i < 4; i++) heapalloc_pool_put(pool, block[i]);
    for (int i = 4; i-- > 0;) CHECK(heapalloc_pool_get(pool) == block[i]);
}

TEST(pool_without_memory_says_so_and_goes_on) {
    struct heapalloc_pool *pool = pool_of(8000, 0);
    fake.memory_max = fake_counts.memory;
    int count = 0;
    while (heapalloc_pool_get(pool)) count++;
    CHECK(count > 0);
    fake.memory_max = 0;
    CHECK(heapalloc_pool_get(pool) != NULL);
    heapalloc_pool_destroy(pool);
    test_nothing_is_lost();
}

TEST(pools_in_further_spans_serve_as_well) {
    fake.has_home = false;
    exercise(200, 0);
}

TEST(pool_knows_its_blocks) {
    test_leaves_a_broken_heap();
    struct heapalloc_pool *pool = pool_of(64, 0), *other = pool_of(64, 0);
    char *block = heapalloc_pool_get(pool), *second = heapalloc_pool_get(pool), *foreign = t_malloc(64);
    if (config_safety) {
        expect_stop("does not belong to this pool", heapalloc_pool_put(other, block));
        expect_stop("does not belong to this pool", heapalloc_pool_put(pool, foreign));
        expect_stop("does not belong to this pool", heapalloc_pool_put(pool, &pool));
        expect_stop("in the middle of a block of 64 bytes", heapalloc_pool_put(pool, block + 16));
        expect_stop("in the middle of a block of 64 bytes", heapalloc_pool_put(pool, block + 1));
        expect_stop("is not a pool", heapalloc_pool_put((struct heapalloc_pool *)(void *)foreign, &pool));
        heapalloc_pool_put(pool, block);
        expect_stop("is already free", heapalloc_pool_put(pool, block)); /* the last one, which has no key */
        heapalloc_pool_put(pool, second);
        expect_stop("is already free", heapalloc_pool_put(pool, block)); /* one that has */
        expect_stop("is already free", heapalloc_pool_put(pool, second));
        block[0] ^= 1;
        CHECK(heapalloc_pool_get(pool) == second);
        expect_stop("corrupted list", heapalloc_pool_get(pool));
    }
    expect_stop("belongs to a pool", t_free(second));
    heapalloc_pool_destroy(other);
    expect_stop("is not a pool", heapalloc_pool_destroy(other));
}

/* Two bytes of a used block equal a key's: put checks again. */
TEST(pool_takes_back_a_block_that_resembles_a_free_one) {
    struct heapalloc_pool *pool = heapalloc_pool_create(64, 0);
    char *first = heapalloc_pool_get(pool), *second = heapalloc_pool_get(pool);
    memcpy(first + 14, (char *)&heap_secret_word + 6, 2);
    CHECK(block_may_be_free((struct block *)first));
    heapalloc_pool_put(pool, first);
    heapalloc_pool_put(pool, second);
    CHECK(heapalloc_pool_get(pool) == second);
    CHECK(heapalloc_pool_get(pool) == first);
    heapalloc_pool_destroy(pool);
}

TEST(arena_hands_out_blocks_one_behind_the_other) {
    static struct held held[BLOCKS];
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            size_t bytes = (size_t)i * 37 % 3000, align = (size_t)16 << i % 11;
            void *p = i % 5 ? heapalloc_arena_alloc(arena, bytes) : heapalloc_arena_alloc_aligned(arena, bytes, align);
            CHECK(p && (uintptr_t)p % (i % 5 ? 16 : align) == 0);
            held[i] = (struct held){p, bytes, (uint64_t)i};
            contents_fill(&held[i]);
        }
        void *large = heapalloc_arena_alloc(arena, 3 << 20);
        CHECK(large);
        memset(large, 1, 3 << 20);
        for (int i = 0; i < BLOCKS; i++) CHECK(contents_hold(&held[i], held[i].size));
        heapalloc_arena_reset(arena);
    }
    CHECK(heapalloc_arena_alloc(arena, 0) != heapalloc_arena_alloc(arena, 0));
    heapalloc_arena_destroy(arena);
    heapalloc_arena_destroy(NULL);
    test_nothing_is_lost();
}

TEST(arena_refuses_what_cannot_be_and_without_memory) {
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    CHECK(!heapalloc_arena_alloc(arena, SIZE_MAX));
    CHECK(!heapalloc_arena_alloc(arena, (size_t)1 << 62));
    CHECK(!heapalloc_arena_alloc_aligned(arena, 10, 24));
    CHECK(!heapalloc_arena_alloc_aligned(arena, 10, 32768));
    CHECK(!heapalloc_arena_alloc_aligned(arena, SIZE_MAX, 16));
    fake.memory_max = fake_counts.memory;
    while (heapalloc_arena_alloc(arena, 10000)) {
    }
    fake.memory_max = 0;
    CHECK(heapalloc_arena_alloc(arena, 10000));
    heapalloc_arena_destroy(arena);
    test_nothing_is_lost();
}

TEST(arena_that_is_none_is_named) {
    test_leaves_a_broken_heap();
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    void *block = heapalloc_arena_alloc(arena, 100);
    expect_stop("belongs to an arena", t_free(block));
    expect_stop("is not an arena", heapalloc_arena_reset(block));
    heapalloc_arena_destroy(arena);
    expect_stop("is not an arena", heapalloc_arena_destroy(arena));
}
