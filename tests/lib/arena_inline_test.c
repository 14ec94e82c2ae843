/* Arenas from which inline code allocates: as by calls, in any mixture; where the library has to see each allocation
 * the code calls it. */
/* SPDX-License-Identifier: MIT */
#include "extras/arena.h"
#include "inspect/verify.h"
#include "test.h"
#include <heapalloc/arena_inline.h>
#include <pthread.h>

static uint32_t seed;

static uint32_t draw(uint32_t below) {
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)seed * below >> 32);
}

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static struct heapalloc_arena *made(struct heapalloc_arena_options options) {
    struct heapalloc_arena *arena = heapalloc_arena_create(&options);
    CHECK(arena != NULL);
    return arena;
}

static size_t handed_out(struct heapalloc_arena *arena) {
    struct heapalloc_arena_stats stats;
    heapalloc_arena_stats(arena, &stats);
    return stats.used_bytes;
}

static bool is_published(const struct heapalloc_arena *arena) {
    return ((const struct heapalloc_arena_room_1 *)(const void *)arena)->mark != 0;
}

TEST(an_inline_block_is_the_next_one_of_the_room) {
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    CHECK_EQ(is_published(arena), config_safety < SAFETY_HARDENED && !config_valgrind);
    char *first = heapalloc_arena_alloc_inline(arena, 1), *second = heapalloc_arena_alloc_inline(arena, 16);
    char *third = heapalloc_arena_alloc(arena, 17), *last = heapalloc_arena_alloc_inline(arena, 0);
    CHECK(second == first + 16 && third == second + 16 && last == third + 32);
    CHECK(heapalloc_arena_alloc_inline(arena, 1) == last + 16);
    CHECK(!heapalloc_arena_alloc_inline(arena, SIZE_MAX) && !heapalloc_arena_alloc_inline(arena, SIZE_MAX - 14));
    CHECK_EQ(handed_out(arena), 96);
    heapalloc_arena_destroy(arena);
}

/* One arena is served by calls, the other by calls and inline code in any order; all else is done to both. */
TEST(calls_and_inline_code_lay_out_the_same) {
    enum { MARKS = 4 };
    static char memory[2][5000] __attribute__((aligned(16)));
    struct heapalloc_arena *arena[2];
    struct heapalloc_arena_position marks[2][MARKS];
    int depth = 0;
    for (int i = 0; i < 2; i++)
        arena[i] = made((struct heapalloc_arena_options){
            .memory = memory[i], .memory_bytes = sizeof(memory[i]), .limit_bytes = 3 << 20});
    for (unsigned step = test_rounds(60000); step > 0; step--) {
        uint32_t what = draw(1000);
        size_t bytes = what == 0 ? 100000 : what < 20 ? draw(20000) : draw(300);
        char *block[2];
        block[0] = heapalloc_arena_alloc(arena[0], bytes);
        block[1] = draw(4) ? heapalloc_arena_alloc_inline(arena[1], bytes) : heapalloc_arena_alloc(arena[1], bytes);
        CHECK_EQ(block[0] != NULL, block[1] != NULL);
        if (block[1]) memset(block[1], 0x5a, bytes);
        for (int i = 0; i < 2; i++) {
            if (what > 900 && block[i]) block[i] = heapalloc_arena_realloc(arena[i], block[i], bytes, bytes * 2);
            if (what > 800 && what < 850) heapalloc_arena_free(arena[i], block[i], bytes);
            if (what == 50) heapalloc_arena_reset(arena[i]);
            if (what > 60 && what < 66 && depth < MARKS) marks[i][depth] = heapalloc_arena_mark(arena[i]);
            if (what > 70 && what < 75 && depth > 0) heapalloc_arena_rewind(arena[i], marks[i][depth - 1]);
        }
        depth = what == 50 ? 0 : depth + (what > 60 && what < 66 && depth < MARKS) - (what > 70 && what < 75 && depth);
        CHECK_EQ(handed_out(arena[0]), handed_out(arena[1]));
    }
    sound();
    for (int i = 0; i < 2; i++) heapalloc_arena_destroy(arena[i]);
    test_nothing_is_lost();
}

static void check_aligned(struct heapalloc_arena_options options, size_t align) {
    struct heapalloc_arena *arena = made(options);
    size_t used = handed_out(arena);
    CHECK(!is_published(arena));
    for (int i = 0; i < 3000; i++) CHECK_EQ((uintptr_t)heapalloc_arena_alloc_inline(arena, 1) % align, 0);
    CHECK(handed_out(arena) - used >= 3000 * align);
    heapalloc_arena_destroy(arena);
}

TEST(arenas_with_a_lock_or_an_alignment_are_called) {
    check_aligned((struct heapalloc_arena_options){.flags = HEAPALLOC_ARENA_LOCKED}, 16);
    for (size_t align = 32; align <= 4096; align *= 2)
        check_aligned((struct heapalloc_arena_options){.align_bytes = align}, align);
}

TEST(limits_and_children_hold_for_inline_code) {
    struct heapalloc_arena *parent = heapalloc_arena_create(NULL);
    struct heapalloc_arena *arena = made((struct heapalloc_arena_options){.parent = parent, .limit_bytes = 200000});
    size_t sum = 0;
    while (heapalloc_arena_alloc_inline(arena, 1000)) sum += 1000;
    CHECK(sum > 160000 && sum <= 200000);
    CHECK(heapalloc_arena_alloc_inline(parent, 1000) != NULL);
    heapalloc_arena_reset(parent); /* destroys the child */
    expect_stop("is not an arena", heapalloc_arena_alloc_inline(arena, 16));
    heapalloc_arena_destroy(parent);
    expect_stop("is not an arena", heapalloc_arena_alloc_inline(parent, 16));
}

TEST(what_is_no_arena_is_not_served_inline) {
    static uintptr_t copy[64] __attribute__((aligned(16)));
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    struct heapalloc_pool *pool = heapalloc_pool_create(64, 0);
    heapalloc_pool_put(pool, heapalloc_pool_get(pool));
    CHECK(heapalloc_arena_alloc_inline(arena, 1));
    memcpy(copy, arena, sizeof(*arena));
    _Static_assert(sizeof(*arena) <= sizeof(copy), "the copy has room");
    expect_stop("is not an arena", heapalloc_arena_alloc_inline(NULL, 16));
    expect_stop("is not an arena", heapalloc_arena_alloc_inline((void *)copy, 16));
    expect_stop("is not an arena", heapalloc_arena_alloc_inline((void *)pool, 16));
    expect_stop("is not an arena", heapalloc_arena_alloc_inline((void *)((char *)arena + 8), 16));
    expect_stop("is not an arena", heapalloc_arena_alloc_inline((void *)&copy[20], 16));
    heapalloc_arena_destroy(arena);
    heapalloc_pool_destroy(pool);
}

static void *fill_shared(void *arena) {
    for (int i = 0; i < 20000; i++) {
        unsigned char *p = heapalloc_arena_alloc_inline(arena, 24);
        if (!p || p[0] || p[23]) return arena; /* memory of the fake world is zero, so nobody has it twice */
        memset(p, 1, 24);
    }
    return NULL;
}

TEST(inline_code_of_many_threads_shares_a_locked_arena) {
    struct heapalloc_arena *arena = made((struct heapalloc_arena_options){.flags = HEAPALLOC_ARENA_LOCKED});
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) CHECK_EQ(pthread_create(&thread[i], NULL, fill_shared, arena), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        CHECK(failed == NULL);
    }
    CHECK(handed_out(arena) >= 4 * 20000 * 32);
    heapalloc_arena_destroy(arena);
}
