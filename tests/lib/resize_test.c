/* realloc: in place if possible, by moving pages if the block is large, never losing or changing contents. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/fast.h"
#include "inspect/verify.h"
#include "span/units.h"
#include "test.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

static struct held fresh(size_t size) {
    struct held block = {MUST(t_malloc(size)), size, size};
    contents_fill(&block);
    return block;
}

/* realloc under MUST(); the old contents must be there. */
static struct held resized(struct held block, size_t size) {
    void *p = t_realloc(block.at, size);
    if (!p) CHECK(contents_hold(&block, block.size)); /* refused: unchanged */
    if (p) test_forget(block.at);
    MUST(p);
    block.at = p;
    CHECK(contents_hold(&block, size < block.size ? size : block.size));
    CHECK(t_malloc_usable_size(p) >= size);
    block.size = size;
    contents_fill(&block);
    return block;
}

HEAP_TEST(small_block_stays_while_over_half_of_it_is_used) {
    struct held block = fresh(200);
    void *at = block.at;
    block = resized(block, 208);
    CHECK(block.at == at);
    block = resized(block, 105);
    CHECK(block.at == at);
    block = resized(block, 100);
    CHECK(block.at != at);
    FREE(block.at);
}

HEAP_TEST(every_size_grows_and_shrinks_with_its_contents) {
    for (size_t size = 1; size < 2 * MIB; size = size * 3 / 2 + 1) {
        struct held block = fresh(size);
        block = resized(block, size * 2 + 1);
        block = resized(block, size / 3 + 1);
        block = resized(block, size * 7);
        block = resized(block, 1);
        FREE(block.at);
    }
}

HEAP_TEST(medium_block_grows_into_its_free_neighbour) {
    struct held left = fresh(6 * KIB), right = fresh(300 * KIB);
    FREE(right.at);
    void *at = left.at;
    left = resized(left, 20 * KIB);
    CHECK_CALM(left.at == at);
    FREE(left.at);
}

HEAP_TEST(medium_block_shrinks_in_place_and_its_tail_is_free) {
    struct held block = fresh(200 * KIB);
    void *at = block.at;
    block = resized(block, 150 * KIB);
    CHECK(block.at == at);
    CHECK_EQ(t_malloc_usable_size(at), 150 * KIB);
    struct held next = fresh(6 * KIB);
    CHECK(next.at + next.size <= block.at || next.at >= block.at + block.size);
    FREE(next.at);
    FREE(block.at);
}

HEAP_TEST(large_block_grows_at_the_top_without_moving) {
    struct held block = fresh(MIB);
    block = resized(block, MIB + 300 * KIB); /* may go to the top first */
    void *at = block.at;
    for (size_t size = 2 * MIB; size < 8 * MIB; size += MIB) block = resized(block, size);
    CHECK_CALM(block.at == at);
    FREE(block.at);
}

HEAP_TEST(large_block_moves_by_pages_or_by_copy) {
    for (int way = 3; way >= 0; way--) {
        fake.can_move = way & 2;
        fake.is_sparse = way & 1; /* a dense one is copied */
        uint32_t moves = fake_counts.moves;
        struct held block = fresh(2 * MIB), wall = fresh(MIB);
        block = resized(block, 5 * MIB);
        CHECK_CALM(fake_counts.moves - moves == (uint32_t)(way == 3 && port_page_bytes() <= UNIT_BYTES));
        FREE(block.at);
        FREE(wall.at);
    }
}

/* Grow `count` blocks in turn by a few hundred KiB up to some MiB, free each then, and begin it anew. */
static void grow_in_turn(struct held *held, int count, int steps) {
    static uint64_t seed = 1;
    for (int i = 0; i < steps; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        struct held *block = &held[(seed >> 33) % (uint64_t)count];
        size_t more = 256 * KIB + (seed >> 40) % 800 * KIB; /* never a small step */
        if (block->size > 6 * MIB) {
            FREE(block->at);
            *block = (struct held){0};
        }
        *block = block->at ? resized(*block, block->size + more) : fresh(MIB);
    }
}

/* What each of many blocks leaves when it is copied serves the next one: else a program would touch, and the world
 * provide, each page again and again. */
TEST(dense_blocks_that_grow_in_turn_give_no_memory_back) {
    enum { BLOCKS = 12 };
    struct held held[BLOCKS] = {{0}};
    grow_in_turn(held, BLOCKS, 200);
    uint64_t purged = fake_counts.purged_bytes;
    uint32_t moves = fake_counts.moves, mapped = span_home.bytes;
    grow_in_turn(held, BLOCKS, 400);
    CHECK_EQ(fake_counts.moves, moves);
    CHECK(fake_counts.purged_bytes - purged <= 8 * MIB);
    CHECK(span_home.bytes - mapped <= 32 * MIB);
    for (int i = 0; i < BLOCKS; i++) t_free(held[i].at);
}

/* Two vectors grow in turn by a quarter until one is refused. A move claims no more than the block grows by. */
TEST(vectors_that_move_reach_what_the_world_has) {
    enum { FIRST = 40, MOST = 400 };
    if (port_page_bytes() > UNIT_BYTES) return; /* blocks are copied there */
    fake.move_unmaps = true;
    fake.space_max = fake_counts.space + MOST * MIB;
    char *vector[2] = {t_malloc(FIRST * MIB), t_malloc(FIRST * MIB)};
    size_t size[2] = {FIRST * MIB, FIRST * MIB}, next = 0;
    for (int i = 0;; i = !i) {
        next = size[i] + size[i] / 4;
        vector[i][size[i] - 1] = 7;
        char *longer = t_realloc(vector[i], next);
        if (!longer) break;
        CHECK_EQ(longer[size[i] - 1], 7);
        vector[i] = longer;
        size[i] = next;
    }
    size_t left = MOST * MIB - size[0] - size[1], growth = next / 5;
    fprintf(stderr, "%zu and %zu MiB of %d, %zu more refused\n", size[0] / MIB, size[1] / MIB, MOST, growth / MIB);
    CHECK(left <= growth + MOST * MIB / 16);
    CHECK(!verify_heap());
    for (int i = 0; i < 2; i++) t_free(vector[i]);
}

/* Blocks grow, shrink and are freed in turn, whatever fails: a block that could not grow is unchanged. */
static void resize_in_turn(uint64_t seed) {
    struct held held[6] = {{0}};
    for (int i = 0; i < 40; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        struct held *block = &held[(seed >> 33) % 6];
        size_t size = seed >> 61 == 7 ? 0 : MIB + (seed >> 40) % MIB;
        if (size == 0) t_free(block->at), *block = (struct held){0};
        if (size == 0) continue;
        void *p = block->at ? t_realloc(block->at, size) : t_malloc(size);
        if (p) block->at = p;
        CHECK(!block->at || contents_hold(block, p && size < block->size ? size : block->size));
        if (p) *block = (struct held){p, size, size}, contents_fill(block);
        CHECK(!verify_heap());
    }
    for (int i = 0; i < 6; i++) t_free(held[i].at);
    CHECK_EQ(units.moved_extents, heap_self->recent_large && heap_self->recent_large->flags & UNIT_MOVED);
}

TEST(no_block_is_lost_whichever_call_fails) {
    for (int way = 0; way < 4; way++) {
        fake.move_unmaps = way & 1;
        fake.is_sparse = way & 2;
        for (uint32_t n = 0; n < 12; n++) {
            fake.fail_change = n ? fake_counts.changes + n : 0;
            resize_in_turn(n);
            fake.fail_change = 0;
            fake.fail_each = n % 4 + 2;
            resize_in_turn(n);
            fake.fail_each = 0;
        }
    }
    fake.can_move = false;
    for (uint32_t n = 0; n < 4; n++) resize_in_turn(n);
}

/* The part that is cut off was in use: it does not count as zero, even if the extent was zero when it was new. */
HEAP_TEST(tail_cut_from_a_large_block_is_not_taken_for_zero) {
    unsigned char *block = MUST(t_malloc(2 * MIB));
    memset(block, 0xa5, 2 * MIB);
    unsigned char *same = t_realloc(block, MIB + KIB);
    CHECK(same == block);
    for (int i = 0; i < 3; i++) {
        unsigned char *zeroed = MUST(t_calloc(1, 300 * KIB));
        CHECK(contents_are_zero(zeroed, 300 * KIB));
        memset(zeroed, 0xa5, 300 * KIB);
    }
    test_nothing_is_lost();
}

HEAP_TEST(memory_left_by_a_move_reads_as_zero_when_it_should) {
    unsigned char *block = MUST(t_malloc(2 * MIB)), *wall = MUST(t_malloc(MIB));
    memset(block, 0xa5, 2 * MIB);
    test_forget(block);
    block = t_realloc(block, 3 * MIB);
    if (!block) return;
    MUST(block);
    unsigned char *zeroed = MUST(t_calloc(1, 2 * MIB));
    CHECK(contents_are_zero(zeroed, 2 * MIB));
    FREE(zeroed);
    FREE(wall);
    FREE(block);
}

HEAP_TEST(growing_byte_by_byte_seldom_moves) {
    struct held block = fresh(5 * KIB);
    int moves = 0;
    for (size_t size = 5 * KIB; size < 250 * KIB; size += 100) {
        void *at = block.at;
        block = resized(block, size);
        moves += block.at != at;
    }
    CHECK_CALM(moves <= 8);
    FREE(block.at);
}

HEAP_TEST(block_that_grows_alone_passes_from_level_2_to_level_1_where_it_is) {
    struct held block = fresh(100 * KIB);
    void *at = block.at;
    for (size_t size = 104 * KIB; size < 2 * MIB; size += 20 * KIB) block = resized(block, size);
    CHECK_CALM(block.at == at);
    FREE(block.at);
}

/* What doubles has room of its own; a quarter more would be a quarter of such a program's memory. */
HEAP_TEST(block_that_doubles_gets_what_it_asks_for) {
    struct held block = fresh(8 * KIB), wall = {0};
    for (size_t size = 16 * KIB; size <= 256 * KIB; size *= 2) {
        wall = fresh(6 * KIB);
        block = resized(block, size);
        CHECK_EQ(t_malloc_usable_size(block.at), size);
        FREE(wall.at);
    }
    FREE(block.at);
}

/* So has what grows by half, though that is less than half of a block that was rounded up. */
HEAP_TEST(block_that_grows_by_half_gets_what_it_asks_for) {
    struct held block = fresh(5001), wall = {0};
    for (size_t size = 5001 / 2 * 3; size <= 250 * KIB; size += size / 2) {
        wall = fresh(6 * KIB);
        block = resized(block, size);
        CHECK_EQ(t_malloc_usable_size(block.at), round_up(size, GRANULE_BYTES));
        FREE(wall.at);
    }
    FREE(block.at);
}

/* Each has another block behind it whenever it grows: only the room that it took before keeps it in place. */
static int moves_of_vectors(size_t from, size_t to, size_t step) {
    enum { VECTORS = 20 };
    struct held held[VECTORS];
    int moves = 0;
    for (int i = 0; i < VECTORS; i++) held[i] = fresh(from);
    for (size_t size = from + step; size < to; size += step)
        for (int i = 0; i < VECTORS; i++) {
            void *at = held[i].at;
            held[i] = resized(held[i], size);
            moves += held[i].at != at;
        }
    for (int i = 0; i < VECTORS; i++) FREE(held[i].at);
    return moves / VECTORS;
}

TEST(vectors_that_grow_in_turn_move_seldom) {
    CHECK(moves_of_vectors(5 * KIB, 250 * KIB, 700) <= 19);      /* log(250 / 5) / log(5 / 4) = 17.5 */
    CHECK(moves_of_vectors(260 * KIB, 900 * KIB, 2 * KIB) <= 7); /* 5.6 */
}

/* Else a vector whose length varies would give its room away, and be copied when it grows again. */
HEAP_TEST(vector_keeps_its_slack_when_it_shrinks_by_a_little) {
    struct held block = fresh(100 * KIB), wall = fresh(100 * KIB);
    block = resized(block, 120 * KIB);
    size_t usable = t_malloc_usable_size(block.at);
    CHECK(usable >= 120 * KIB);
    block = resized(block, 119 * KIB);
    CHECK_EQ(t_malloc_usable_size(block.at), usable);
    FREE(wall.at);
    FREE(block.at);
}

/* Shrinking needs no memory: a refusal must not make it fail. */
TEST(shrinking_never_fails) {
    static const size_t from[] = {4096, 100 * KIB, 250 * KIB, 3 * MIB}, to[] = {16, 5 * KIB, 40, 6 * KIB};
    for (int i = 0; i < 4; i++) {
        struct held block = fresh(from[i]);
        fake.memory_max = 1;
        while (t_malloc(to[i])) {
        }
        void *p = t_realloc(block.at, to[i]);
        CHECK(p != NULL);
        block.at = p;
        CHECK(contents_hold(&block, to[i]));
        fake.memory_max = 0;
    }
}

/* Sizes of which the number of units has more than 32 bits are no small ones. */
TEST(impossible_sizes_leave_every_block_as_it_is) {
    static const size_t sizes[] = {100, 5000, 10 * KIB, 100 * KIB, 200 * KIB, MIB, 3 * MIB};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        char *p = t_malloc(sizes[i]);
        size_t usable = t_malloc_usable_size(p);
        for (unsigned bit = 40; bit < 64; bit++)
            for (size_t more = 0; more < 3 * UNIT_BYTES; more += UNIT_BYTES / 2) {
                CHECK(!t_realloc(p, ((size_t)1 << bit) + more));
                CHECK_EQ(t_malloc_usable_size(p), usable);
            }
        t_free(p);
    }
    CHECK(!verify_heap());
}

TEST(misuse_of_realloc_is_reported) {
    char *small = t_malloc(100), *medium = t_malloc(10 * KIB), *large = t_malloc(MIB);
    expect_stop("realloc(): ", t_realloc(small + 16, 10));
    expect_stop("is in the middle of a block of 112 bytes at 0x", t_realloc(small + 16, 500));
    expect_stop("is in the middle of a block of 10240 bytes at 0x", t_realloc(medium + 1024, 500));
    expect_stop("is in the middle of a block of 1048576 bytes at 0x", t_realloc(large + 4096, 500));
    t_free(small);
    t_free(medium);
    t_free(large);
    expect_stop("is already free", t_realloc(small, 500));
    expect_stop("is already free", t_realloc(medium, 500));
    expect_stop("is already free", t_realloc(large, 500));
    expect_stop("is on a stack", t_realloc(&small, 500));
    expect_stop("is not ours", t_realloc((void *)16, 500));
}

/* A large block that grows by pages takes more than a page at a time, but never a sixteenth more than it needs. */
TEST(large_block_grows_with_a_little_to_spare_and_gives_back_what_is_much) {
    char *p = t_malloc(2 * MIB);
    int more = 0;
    for (size_t size = 2 * MIB, last = 0; size < 8 * MIB; size += 4096) {
        p = t_realloc(p, size);
        size_t usable = t_malloc_usable_size(p);
        CHECK(usable >= size && usable - size <= size / 16 + UNIT_BYTES);
        more += usable != last;
        last = usable;
    }
    CHECK(more <= 60);
    size_t usable = t_malloc_usable_size(p);
    p = t_realloc(p, usable - usable / 20);
    CHECK_EQ(t_malloc_usable_size(p), usable);
    p = t_realloc(p, usable - usable / 10);
    CHECK(t_malloc_usable_size(p) <= usable - usable / 10 + UNIT_BYTES);
    CHECK(!verify_heap());
    t_free(p);
}
