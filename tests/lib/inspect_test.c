/* Walking and summing up the heap. */
/* SPDX-License-Identifier: MIT */
#include "heap/fast.h"
#include "heap/trim.h"
#include "inspect/stats.h"
#include "inspect/walk.h"
#include "span/units.h"
#include "test.h"
#include <heapalloc/heapalloc.h>
#include <stdlib.h>

enum { BLOCKS = 300 };
static char *blocks[BLOCKS];

static size_t size_of(int i) {
    return i % 10 == 0 ? (size_t)i * 3000 + 1 : (size_t)i * 13 % 1500 + 1;
}

static void populate(void) {
    for (int i = 0; i < BLOCKS; i++) blocks[i] = t_malloc(size_of(i));
    for (int i = 0; i < BLOCKS; i += 3) t_free(blocks[i]), blocks[i] = NULL;
}

struct seen {
    char *last;
    size_t used, used_bytes, held, free, of_classes;
    bool found[BLOCKS];
};

static void look(const struct walk_block *block, void *context) {
    struct seen *seen = context;
    CHECK((char *)block->memory >= seen->last);
    CHECK(block->bytes > 0);
    seen->last = (char *)block->memory + block->bytes;
    seen->of_classes += block->class != 0;
    if (block->class) CHECK_EQ(block->bytes, class_shapes[block->class].block_bytes);
    if (block->state == WALK_HELD) seen->held++;
    if (block->state == WALK_FREE) seen->free++;
    if (block->state != WALK_USED) return;
    seen->used++;
    seen->used_bytes += block->bytes;
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i] != block->memory) continue;
        CHECK(!seen->found[i]);
        CHECK_EQ(t_malloc_usable_size(blocks[i]), block->bytes);
        seen->found[i] = true;
    }
}

TEST(walk_meets_every_block_once_with_its_state) {
    populate();
    struct seen seen = {0};
    CHECK(walk_heap(look, &seen));
    for (int i = 0; i < BLOCKS; i++) CHECK_EQ(seen.found[i], blocks[i] != NULL);
    CHECK_EQ(seen.used, BLOCKS - BLOCKS / 3);
    CHECK(seen.held > 0 && seen.free > 0 && seen.of_classes > 200);
}

TEST(walk_of_nothing_meets_nothing) {
    struct seen seen = {0};
    CHECK(walk_heap(look, &seen));
    CHECK_EQ(seen.used + seen.held + seen.free, 0);
}

TEST(walk_of_a_damaged_heap_ends) {
    populate();
    test_leaves_a_broken_heap();
    struct seen seen = {0};
    struct unit *unit = span_unit(blocks[1]);
    uint32_t starts = unit->start_limit;
    unit->start_limit = 0; /* no address is the start of a block any more */
    CHECK(!walk_heap(look, &seen) || unit->free == BLOCK_END);
    unit->start_limit = starts;
    unit->kind = UNIT_INSIDE;
    CHECK(!walk_heap(look, &(struct seen){0}));
}

TEST(statistics_add_up) {
    struct heapalloc_stats stats;
    CHECK(stats_read(&stats));
    CHECK_EQ(stats.mapped_bytes, 0);
    populate();
    for (int i = 0; i < 5; i++) t_free(t_malloc((size_t)1 << 20 << i));
    CHECK(stats_read(&stats));
    CHECK_EQ(stats.mapped_bytes,
             stats.used_bytes + stats.free_dirty_bytes + stats.free_clean_bytes + stats.table_bytes);
    CHECK_EQ(stats.mapped_bytes, fake_counts.memory);
    CHECK_EQ(stats.used_bytes, (size_t)units.used_units * UNIT_BYTES);
    CHECK(stats.free_dirty_bytes > 0);
    CHECK_EQ(stats.heap_count, 1);
}

TEST(statistics_of_further_spans_add_up) {
    fake.has_home = false;
    populate();
    fake.fail_at = fake_counts.requests + 1;
    t_malloc(300 << 20);
    CHECK(span_count > 0 || span_home.limit_units > 10000);
    struct heapalloc_stats stats;
    CHECK(stats_read(&stats));
    CHECK_EQ(stats.mapped_bytes,
             stats.used_bytes + stats.free_dirty_bytes + stats.free_clean_bytes + stats.table_bytes);
    CHECK_EQ(stats.mapped_bytes, fake_counts.memory);
}

TEST(no_statistics_during_a_fork) {
    populate();
    struct heapalloc_stats stats = {.heap_count = 77};
    lock_freeze(&units.lock);
    CHECK(!stats_read(&stats));
    CHECK_EQ(stats.heap_count, 77);
    lock_thaw(&units.lock);
    CHECK(stats_read(&stats));
}

/* The count may be off only by the contents of caches and bins. */
TEST(live_bytes_are_near_what_callers_hold) {
    struct stats_blocks counted;
    stats_count_blocks(&counted);
    CHECK_EQ(counted.live_bytes, 0);
    populate();
    struct seen seen = {0};
    CHECK(walk_heap(look, &seen));
    stats_count_blocks(&counted);
    CHECK(counted.live_bytes >= seen.used_bytes);
    CHECK(counted.live_bytes <= seen.used_bytes + 52 * 4096 + (300 << 10));
    CHECK(counted.slabs > 20 && counted.free_bytes > 0);
    for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]), blocks[i] = NULL;
    heap_trim(heap_self);
    stats_count_blocks(&counted);
    CHECK_EQ(counted.live_bytes, 0);
}

TEST(pools_and_arenas_are_walked_and_counted) {
    struct heapalloc_pool *pool = heapalloc_pool_create(48, 16);
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    CHECK(pool && arena);
    for (int i = 0; i < 1000; i++) {
        CHECK(heapalloc_pool_get(pool) != NULL);
        CHECK(heapalloc_arena_alloc(arena, 1000) != NULL);
    }
    struct seen seen = {0};
    CHECK(walk_heap(look, &seen));
    struct stats_blocks counted;
    stats_count_blocks(&counted);
    CHECK(counted.live_bytes >= 1048000 && seen.used_bytes >= 1048000);
    heapalloc_pool_destroy(pool);
    heapalloc_arena_destroy(arena);
    stats_count_blocks(&counted);
    CHECK(counted.live_bytes < 10000);
}
