/* Arenas: options, blocks that grow, marks, children, cleanups, a lock; and against a model. */
/* SPDX-License-Identifier: MIT */
#include "heap/fast.h"
#include "inspect/verify.h"
#include "test.h"
#include <heapalloc/heapalloc.h>
#include <pthread.h>
#include <string.h>

enum { BLOCKS = 4000 };

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static struct heapalloc_arena *made(struct heapalloc_arena_options options) {
    struct heapalloc_arena *arena = heapalloc_arena_create(&options);
    CHECK(arena != NULL);
    return arena;
}

static struct heapalloc_arena_stats stats_of(struct heapalloc_arena *arena) {
    struct heapalloc_arena_stats stats;
    heapalloc_arena_stats(arena, &stats);
    return stats;
}

TEST(options_out_of_range_are_refused) {
    char memory[64];
    const struct heapalloc_arena_options wrong[] = {{.align_bytes = 8}, {.align_bytes = 24}, {.align_bytes = 8192},
                                                    {.flags = 2},       {.memory = memory},  {.memory_bytes = 64}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) CHECK(!heapalloc_arena_create(&wrong[i]));
}

TEST(every_block_has_the_alignment_asked_for) {
    for (size_t align = 16; align <= 4096; align *= 2) {
        struct heapalloc_arena *arena = made((struct heapalloc_arena_options){.align_bytes = align});
        for (size_t bytes = 0; bytes < 3000; bytes = bytes * 2 + 1)
            CHECK_EQ((uintptr_t)heapalloc_arena_alloc(arena, bytes) % align, 0);
        heapalloc_arena_destroy(arena);
    }
}

TEST(a_limit_is_never_passed) {
    enum { LIMIT = 300 * 1024 };
    struct heapalloc_arena *arena = made((struct heapalloc_arena_options){.limit_bytes = LIMIT});
    size_t sum = 0;
    while (heapalloc_arena_alloc(arena, 1000)) sum += 1000;
    CHECK(sum > LIMIT * 8 / 10);
    CHECK(stats_of(arena).reserved_bytes <= LIMIT);
    CHECK(!heapalloc_arena_alloc(arena, LIMIT));
    heapalloc_arena_reset(arena);
    CHECK(heapalloc_arena_alloc(arena, 1000) != NULL);
    heapalloc_arena_destroy(arena);
    sound();
}

TEST(the_callers_memory_serves_first_and_alone_if_so_wished) {
    static char memory[10001];
    struct heapalloc_arena *arena =
        made((struct heapalloc_arena_options){.memory = memory + 1, .memory_bytes = 10000, .limit_bytes = 1});
    for (int round = 0; round < 3; round++) {
        size_t sum = 0;
        for (char *p; (p = heapalloc_arena_alloc(arena, 100)); sum += 112)
            CHECK(p > memory && p + 100 <= memory + 10001);
        CHECK(sum > 9700 && sum <= 10000);
        heapalloc_arena_reset(arena);
    }
    heapalloc_arena_destroy(arena);
    arena = made((struct heapalloc_arena_options){.memory = memory, .memory_bytes = 1000});
    for (int i = 0; i < 1000; i++) CHECK(heapalloc_arena_alloc(arena, 100) != NULL);
    heapalloc_arena_destroy(arena);
}

TEST(the_newest_block_grows_in_place_and_others_are_copied) {
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    char *first = heapalloc_arena_realloc(arena, NULL, 0, 100);
    memset(first, 7, 100);
    CHECK(heapalloc_arena_realloc(arena, first, 100, 1000) == first);
    CHECK(heapalloc_arena_realloc(arena, first, 1000, 50) == first);
    char *second = heapalloc_arena_alloc(arena, 10);
    CHECK(second == first + 64);
    char *moved = heapalloc_arena_realloc(arena, first, 50, 200);
    CHECK(moved != first);
    for (int i = 0; i < 50; i++) CHECK_EQ(moved[i], 7);
    CHECK(heapalloc_arena_realloc(arena, first, 50, 20) == first);
    CHECK(!heapalloc_arena_realloc(arena, moved, 200, SIZE_MAX));
    heapalloc_arena_free(arena, moved, 200);
    CHECK(heapalloc_arena_alloc(arena, 200) == moved);
    heapalloc_arena_free(arena, first, 20); /* not the newest: nothing happens */
    CHECK(heapalloc_arena_alloc(arena, 16) != first);
    heapalloc_arena_destroy(arena);
}

TEST(zeroed_is_zero_also_in_memory_that_was_used) {
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    memset(heapalloc_arena_alloc(arena, 10000), 1, 10000);
    heapalloc_arena_reset(arena);
    const char *p = heapalloc_arena_zeroed(arena, 10000);
    for (int i = 0; i < 10000; i++) CHECK_EQ(p[i], 0);
    heapalloc_arena_destroy(arena);
}

static int calls[8], called;

static void note_call(void *argument) {
    calls[called++] = *(int *)argument;
}

TEST(cleanups_run_once_the_latest_first) {
    static int numbers[] = {0, 1, 2, 3};
    called = 0;
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    CHECK(heapalloc_arena_cleanup(arena, note_call, &numbers[0]));
    struct heapalloc_arena_position mark = heapalloc_arena_mark(arena);
    CHECK(heapalloc_arena_cleanup(arena, note_call, &numbers[1]) &&
          heapalloc_arena_cleanup(arena, note_call, &numbers[2]));
    heapalloc_arena_rewind(arena, mark);
    CHECK(called == 2 && calls[0] == 2 && calls[1] == 1);
    CHECK(heapalloc_arena_cleanup(arena, note_call, &numbers[3]));
    heapalloc_arena_destroy(arena);
    CHECK(called == 4 && calls[2] == 3 && calls[3] == 0);
}

TEST(children_die_with_their_parent_and_leave_it_alone) {
    static int number = 5;
    called = 0;
    struct heapalloc_arena *parent = heapalloc_arena_create(NULL), *child[3];
    for (int i = 0; i < 3; i++) child[i] = made((struct heapalloc_arena_options){.parent = parent, .name = "child"});
    struct heapalloc_arena *grandchild = made((struct heapalloc_arena_options){.parent = child[1]});
    CHECK(heapalloc_arena_cleanup(grandchild, note_call, &number) && heapalloc_arena_alloc(grandchild, 3 << 20));
    heapalloc_arena_destroy(child[0]);
    CHECK_EQ(stats_of(parent).child_count, 2);
    heapalloc_arena_reset(parent);
    CHECK_EQ(stats_of(parent).child_count, 0);
    CHECK_EQ(called, 1);
    expect_stop("is not an arena", heapalloc_arena_reset(grandchild));
    heapalloc_arena_destroy(parent);
    sound();
}

static void allocate_from(void *arena) {
    CHECK(heapalloc_arena_alloc(arena, 40));
}

TEST(cleanups_of_locked_children_may_use_the_parent) {
    struct heapalloc_arena *parent = made((struct heapalloc_arena_options){.flags = HEAPALLOC_ARENA_LOCKED});
    for (int i = 0; i < 6; i++) {
        struct heapalloc_arena_options options = {.parent = parent, .flags = i & 1 ? HEAPALLOC_ARENA_LOCKED : 0};
        struct heapalloc_arena *child = made(options);
        options.parent = child;
        struct heapalloc_arena *grandchild = made(options);
        CHECK(heapalloc_arena_cleanup(child, allocate_from, parent));
        CHECK(heapalloc_arena_cleanup(grandchild, allocate_from, child));
        CHECK(heapalloc_arena_cleanup(grandchild, allocate_from, parent));
        if (i != 2) continue;
        heapalloc_arena_reset(parent);
        CHECK_EQ(stats_of(parent).child_count, 0);
        sound();
    }
    CHECK_EQ(stats_of(parent).child_count, 3);
    heapalloc_arena_destroy(parent);
    sound();
}

static int late_children_cleaned;

static void count_late_child(void *unused) {
    (void)unused;
    late_children_cleaned++;
}

static void make_child_of(void *arena) {
    struct heapalloc_arena *child = made((struct heapalloc_arena_options){.parent = arena});
    CHECK(heapalloc_arena_cleanup(child, count_late_child, NULL));
}

TEST(children_made_by_a_cleanup_die_with_the_arena) {
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    CHECK(heapalloc_arena_cleanup(arena, make_child_of, arena));
    heapalloc_arena_reset(arena);
    CHECK_EQ(stats_of(arena).child_count, 1);
    CHECK_EQ(late_children_cleaned, 0);
    CHECK(heapalloc_arena_cleanup(arena, make_child_of, arena));
    heapalloc_arena_destroy(arena);
    CHECK_EQ(late_children_cleaned, 2);
    sound();
}

TEST(what_is_no_arena_ends_in_a_sentence) {
    struct heapalloc_pool *pool = heapalloc_pool_create(64, 0);
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL), *gone = heapalloc_arena_create(NULL);
    CHECK(heapalloc_arena_alloc(arena, 1) && heapalloc_arena_alloc(gone, 1) && heapalloc_pool_get(pool));
    heapalloc_arena_destroy(gone);
    expect_stop("is not an arena", heapalloc_arena_alloc(gone, 16));
    expect_stop("is not an arena", heapalloc_arena_destroy(gone));
    expect_stop("is not an arena", heapalloc_arena_alloc(NULL, 16));
    expect_stop("is not an arena", heapalloc_arena_reset(NULL));
    expect_stop("is not an arena", heapalloc_arena_alloc((struct heapalloc_arena *)(void *)pool, 16));
    expect_stop("is not a pool", heapalloc_pool_get((struct heapalloc_pool *)(void *)arena));
    expect_stop("is not a pool", heapalloc_pool_get(NULL));
    expect_stop("is not a pool", heapalloc_pool_put(NULL, &arena));
    heapalloc_pool_destroy(pool);
    expect_stop("is not a pool", heapalloc_pool_get(pool));
    struct heapalloc_arena_position mark = heapalloc_arena_mark(arena);
    CHECK(heapalloc_arena_alloc(arena, 100000) && heapalloc_arena_alloc(arena, 4 << 20));
    struct heapalloc_arena_position later = heapalloc_arena_mark(arena);
    heapalloc_arena_rewind(arena, mark);
    expect_stop("was rewound or reset", heapalloc_arena_rewind(arena, later));
    expect_stop("cleanup without a function", heapalloc_arena_cleanup(arena, NULL, NULL));
    CHECK(!heapalloc_pool_create(16, 3));
}

/* A block is found in the first unit of its chunk, in any other, in a chunk of its own and in the caller's memory. */
TEST(a_block_that_is_made_longer_must_be_the_arenas) {
    static char memory[1000];
    struct heapalloc_arena *arena =
        made((struct heapalloc_arena_options){.memory = memory, .memory_bytes = sizeof(memory)});
    struct heapalloc_arena *other = heapalloc_arena_create(NULL);
    char *blocks[400], *large = heapalloc_arena_alloc(arena, 3 << 20);
    for (int i = 0; i < 400; i++) blocks[i] = memset(heapalloc_arena_alloc(arena, 5000), i, 5000);
    for (int i = 0; i < 400; i++) {
        char *longer = heapalloc_arena_realloc(arena, blocks[i], 5000, 5200);
        CHECK(longer && longer[0] == (char)i && longer[4999] == (char)i);
        heapalloc_arena_free(arena, longer, 5200);
    }
    CHECK(heapalloc_arena_realloc(arena, large, 3 << 20, 4 << 20));
    char *foreign = heapalloc_arena_alloc(other, 64);
    test_leaves_a_broken_heap();
    for (int i = 0; i < 390; i += 57) {
        expect_stop("is no block of this arena", heapalloc_arena_realloc(other, blocks[i], 5000, 6000));
        expect_stop("is no block of this arena", heapalloc_arena_realloc(arena, blocks[i] + 8, 4000, 6000));
        expect_stop("is not as long as", heapalloc_arena_realloc(arena, blocks[i], 2 << 20, 3 << 20));
    }
    expect_stop("is no block of this arena", heapalloc_arena_realloc(arena, large + (2 << 20), 64, 128));
    expect_stop("is not as long as", heapalloc_arena_realloc(arena, large, (3 << 20) + 1, 4 << 20));
    expect_stop("is no block of this arena", heapalloc_arena_realloc(arena, foreign, 64, 128));
    expect_stop("is no block of this arena", heapalloc_arena_realloc(other, foreign + 64, 64, 128));
    expect_stop("is no block of this arena", heapalloc_arena_realloc(arena, t_malloc(64), 64, 128));
    expect_stop("is no block of this arena", heapalloc_arena_realloc(arena, &arena, 64, 128));
}

/* Blocks of any size keep their contents through marks and rewinds, and never overlap. */
TEST(random_use_agrees_with_a_model) {
    enum { MARKS = 8 };
    static struct {
        unsigned char *at;
        size_t bytes;
        unsigned char fill;
    } block[BLOCKS];
    struct {
        struct heapalloc_arena_position mark;
        int count;
    } marks[MARKS];
    int count = 0, depth = 0;
    uint32_t seed = 1;
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    for (int step = 0; step < 60000; step++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t choice = seed >> 24, size = seed >> 8 & 0xfff;
        if (choice < 2 && depth < MARKS) {
            marks[depth].mark = heapalloc_arena_mark(arena);
            marks[depth++].count = count;
        } else if (choice < 4 && depth > 0) {
            depth -= 1 + (int)(size % (unsigned)depth);
            heapalloc_arena_rewind(arena, marks[depth].mark);
            count = marks[depth].count;
        } else if (choice == 4 && size < 100) {
            heapalloc_arena_reset(arena);
            count = depth = 0;
        } else if (count < BLOCKS) {
            size = choice == 5 ? size * 300 : choice < 20 ? size : size % 200;
            block[count].at = heapalloc_arena_alloc(arena, size);
            block[count].bytes = size;
            block[count].fill = (unsigned char)seed;
            memset(block[count].at, block[count].fill, size);
            count++;
        }
        if (step % 500 == 0) {
            for (int i = 0; i < count; i++)
                for (size_t k = 0; k < block[i].bytes; k += 97) CHECK_EQ(block[i].at[k], block[i].fill);
            sound();
        }
    }
    heapalloc_arena_destroy(arena);
    sound();
}

static void *fill_shared(void *arena) {
    for (int i = 0; i < 20000; i++) {
        unsigned char *p = heapalloc_arena_alloc(arena, 24);
        if (!p || p[0] || p[23]) return arena; /* memory of the fake world is zero, so nobody has it twice */
        memset(p, 1, 24);
    }
    return NULL;
}

/* The same work after a reset: whether its blocks are at the same places is in the result. */
static bool repeats(struct heapalloc_arena *arena, size_t block_bytes, void **before, size_t count) {
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        void *block = heapalloc_arena_alloc(arena, block_bytes);
        same = same && block == before[i];
        before[i] = block;
    }
    heapalloc_arena_reset(arena);
    return same;
}

TEST(the_same_work_after_a_reset_uses_the_same_memory) {
    static void *blocks[BLOCKS];
    const size_t sizes[] = {40, 300, 1100, 5000, 70000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct heapalloc_arena *arena = made((struct heapalloc_arena_options){0});
        size_t count = min_size(BLOCKS, ((size_t)5 << 20) / sizes[i]);
        repeats(arena, sizes[i], blocks, count); /* chunks grow */
        repeats(arena, sizes[i], blocks, count);
        for (int round = 0; round < 3; round++) CHECK(repeats(arena, sizes[i], blocks, count));
        heapalloc_arena_destroy(arena);
    }
    sound();
}

TEST(a_locked_arena_serves_threads) {
    struct heapalloc_arena *arena = made((struct heapalloc_arena_options){.flags = HEAPALLOC_ARENA_LOCKED});
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) CHECK_EQ(pthread_create(&thread[i], NULL, fill_shared, arena), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        CHECK(failed == NULL);
    }
    CHECK(stats_of(arena).used_bytes >= 4 * 20000 * 32);
    heapalloc_arena_destroy(arena);
}
