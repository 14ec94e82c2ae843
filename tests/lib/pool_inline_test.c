/* Pools from which inline code takes, and to which it puts back: in any mixture with calls, and with all of their
 * checks. */
/* SPDX-License-Identifier: MIT */
#include "extras/pool.h"
#include "inspect/verify.h"
#include "test.h"
#include <heapalloc/pool_inline.h>

enum { BLOCKS = 500, BYTES = 48, BATCH = 40 };

static uint32_t seed;

static uint32_t draw(uint32_t below) {
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)seed * below >> 32);
}

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static const struct heapalloc_pool_last_1 *head(const struct heapalloc_pool *pool) {
    return (const void *)pool;
}

static void *get_either(struct heapalloc_pool *pool) {
    return draw(2) ? heapalloc_pool_get_inline(pool) : heapalloc_pool_get(pool);
}

static void put_either(struct heapalloc_pool *pool, void *block) {
    if (draw(2))
        heapalloc_pool_put_inline(pool, block);
    else
        heapalloc_pool_put(pool, block);
}

/* A pool with a free block that was put back last, as most have. */
static struct heapalloc_pool *used_pool(void) {
    struct heapalloc_pool *pool = heapalloc_pool_create(BYTES, 0);
    heapalloc_pool_put(pool, heapalloc_pool_get(pool));
    return pool;
}

TEST(a_block_goes_to_and_fro_without_a_call) {
    struct heapalloc_pool *pool = used_pool();
    void *block = heapalloc_pool_get_inline(pool);
    bool published = config_safety < SAFETY_HARDENED && !config_valgrind;
    CHECK_EQ(head(pool)->taken == block, published);
    for (int i = 0; i < 1000; i++) {
        heapalloc_pool_put_inline(pool, block);
        CHECK(heapalloc_pool_get_inline(pool) == block);
    }
    heapalloc_pool_put_inline(pool, NULL);
    heapalloc_pool_put_inline(pool, block);
    CHECK(heapalloc_pool_get(pool) == block);
    heapalloc_pool_destroy(pool);
}

static void fill(unsigned char *block) {
    memset(block, (int)((uintptr_t)block >> 4), BYTES);
}

static void check_filled(const unsigned char *block) {
    for (int i = 0; i < BYTES; i++) CHECK_EQ(block[i], (unsigned char)((uintptr_t)block >> 4));
}

/* Take or put back a few at once; how many are held then. */
static int pass_batch(struct heapalloc_pool *pool, unsigned char **held, int count) {
    int size = (int)draw(BATCH) + 1;
    if (count < size) {
        CHECK_EQ(heapalloc_pool_get_many(pool, (void **)held + count, (size_t)size), size);
        for (int i = 0; i < size; i++) fill(held[count + i]);
        return count + size;
    }
    for (int i = 0; i < size; i++) check_filled(held[count - size + i]);
    heapalloc_pool_put_many(pool, (void **)held + count - size, (size_t)size);
    return count - size;
}

/* No block is handed out twice, or loses what is in it. */
TEST(calls_and_inline_code_may_be_mixed) {
    static unsigned char *held[BLOCKS + BATCH];
    struct heapalloc_pool *pool = heapalloc_pool_create(BYTES, 0);
    int count = 0;
    for (unsigned step = test_rounds(200000); step > 0; step--) {
        if (draw(50) == 0) {
            count = pass_batch(pool, held, count);
        } else if (count < BLOCKS && draw(count < 3 ? 2 : BLOCKS) > (uint32_t)(count < 3 ? 0 : count)) {
            unsigned char *block = held[count++] = get_either(pool);
            fill(block);
        } else if (count > 0) {
            int last = --count, any = draw(2) ? last : (int)draw((uint32_t)count + 1);
            unsigned char *block = held[any];
            held[any] = held[last];
            check_filled(block);
            put_either(pool, block);
        }
        if (step % 5000 == 0) {
            struct heapalloc_pool_stats stats;
            heapalloc_pool_stats(pool, &stats);
            if (config_safety > SAFETY_FAST) CHECK_EQ(stats.used_blocks, count);
            sound();
        }
    }
    heapalloc_pool_destroy(pool);
    test_nothing_is_lost();
}

/* Put a block back once more, in each order of the two ways: the program ends before anything is handed out twice. */
static void put_twice(bool taken_inline, bool first_inline, bool then_inline) {
    struct heapalloc_pool *pool = used_pool();
    void *block = taken_inline ? heapalloc_pool_get_inline(pool) : heapalloc_pool_get(pool);
    void *other = heapalloc_pool_get(pool);
    if (first_inline)
        heapalloc_pool_put_inline(pool, block);
    else
        heapalloc_pool_put(pool, block);
    if (then_inline)
        expect_stop("is already free", heapalloc_pool_put_inline(pool, block));
    else
        expect_stop("is already free", heapalloc_pool_put(pool, block));
    heapalloc_pool_put(pool, other);
    expect_stop("is already free", heapalloc_pool_put_inline(pool, block));
    heapalloc_pool_destroy(pool);
}

TEST(a_second_put_is_noticed_whichever_way) {
    for (unsigned ways = 0; ways < 8; ways++) put_twice(ways & 1, ways & 2, ways & 4);
}

/* Inline code takes a block, which is put back by a call, handed out by one, and put back once too often. */
TEST(a_block_that_was_put_back_by_a_call_is_not_known_any_more) {
    struct heapalloc_pool *pool = used_pool();
    void *block = heapalloc_pool_get_inline(pool);
    heapalloc_pool_put(pool, block);
    CHECK(!head(pool)->taken);
    void *other = heapalloc_pool_get(pool);
    CHECK(other == block);
    heapalloc_pool_put_inline(pool, other);
    expect_stop("is already free", heapalloc_pool_put_inline(pool, block));
    heapalloc_pool_destroy(pool);
}

TEST(nor_one_that_was_put_back_in_a_batch) {
    struct heapalloc_pool *pool = used_pool();
    void *block = heapalloc_pool_get_inline(pool), *other = heapalloc_pool_get(pool);
    heapalloc_pool_put_many(pool, (void *[]){NULL, block, NULL}, 3);
    CHECK(!head(pool)->taken);
    expect_stop("is already free", heapalloc_pool_put_inline(pool, block));
    heapalloc_pool_put(pool, other);
    void *third = heapalloc_pool_get_inline(pool);
    CHECK(third == other); /* the last in is the first out, also of a batch that comes then */
    heapalloc_pool_put(pool, third);
    expect_stop("heapalloc_pool_put_many(): ", heapalloc_pool_put_many(pool, &other, 1));
    CHECK_EQ(heapalloc_pool_get_many(pool, (void *[2]){0}, 2), 2);
    heapalloc_pool_destroy(pool);
}

static bool construct(void *object, void *argument) {
    (void)object, (void)argument;
    return true;
}

TEST(shared_pools_and_those_with_a_constructor_are_called) {
    const struct heapalloc_pool_options options[] = {{.object_bytes = BYTES, .flags = HEAPALLOC_POOL_SHARED},
                                                     {.object_bytes = BYTES, .construct = construct}};
    for (int i = 0; i < 2; i++) {
        struct heapalloc_pool *pool = heapalloc_pool_create_with(&options[i]);
        void *block = heapalloc_pool_get_inline(pool);
        CHECK(block && head(pool)->mark == 0);
        heapalloc_pool_put_inline(pool, block);
        CHECK(heapalloc_pool_get_inline(pool) == block);
        heapalloc_pool_destroy(pool);
    }
}

TEST(what_is_no_pool_is_not_served_inline) {
    static uintptr_t copy[64] __attribute__((aligned(16)));
    struct heapalloc_pool *pool = used_pool(), *elsewhere = used_pool();
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    memcpy(copy, pool, sizeof(*pool));
    _Static_assert(sizeof(*pool) <= sizeof(copy), "the copy has room");
    void *block = heapalloc_pool_get_inline(pool);
    expect_stop("is not a pool", heapalloc_pool_get_inline(NULL));
    expect_stop("is not a pool", heapalloc_pool_get_inline((void *)copy));
    expect_stop("is not a pool", heapalloc_pool_get_inline((void *)arena));
    expect_stop("is not a pool", heapalloc_pool_get_inline((void *)((char *)pool + 8)));
    expect_stop("is not a pool", heapalloc_pool_put_inline(NULL, t_malloc(16)));
    expect_stop("is not a pool", heapalloc_pool_put_inline((void *)arena, t_malloc(16)));
    expect_stop("does not belong to this pool", heapalloc_pool_put_inline(elsewhere, block));
    expect_stop("does not belong to this pool", heapalloc_pool_put_inline(pool, t_malloc(16)));
    heapalloc_arena_destroy(arena);
    heapalloc_pool_destroy(pool);
    expect_stop("is not a pool", heapalloc_pool_get_inline(pool));
    expect_stop("is not a pool", heapalloc_pool_put_inline(pool, block));
    test_leaves_a_broken_heap();
}
