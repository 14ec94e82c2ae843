/* Used and free blocks by size: known allocations change the counts by their number. */
/* SPDX-License-Identifier: MIT */
#include "heap/fast.h"
#include "heap/trim.h"
#include "inspect/stats.h"
#include "inspect/tally.h"
#include "inspect/walk.h"
#include "span/units.h"
#include "test.h"

enum { BLOCKS = 400 };
static char *blocks[BLOCKS];
static struct tally tally;

static void take(size_t size) {
    for (int i = 0; i < BLOCKS; i++) blocks[i] = MUST(t_malloc(size));
}

static void give(void) {
    for (int i = 0; i < BLOCKS; i++) FREE(blocks[i]);
}

static void check_classes(void) {
    tally_read(&tally);
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        const struct tally_class *row = &tally.classes[class];
        CHECK_EQ(row->slabs * class_shapes[class].capacity_blocks, row->used_blocks + row->free_blocks);
    }
}

/* Blocks in the bin count as used, so there may be a slab's blocks more. */
HEAP_TEST(blocks_of_a_class_are_counted_there) {
    static const size_t sizes[] = {1, 16, 17, 100, 512, 513, 1024, 2000, 4096};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t class = class_of(sizes[i]);
        take(sizes[i]);
        check_classes();
        size_t used = tally.classes[class].used_blocks;
        CHECK(used >= BLOCKS && used <= BLOCKS + (size_t)class_shapes[class].capacity_blocks);
        give();
        heap_trim(heap_self->state == HEAP_LIVE ? heap_self : NULL);
        check_classes();
        CHECK_EQ(tally.classes[class].used_blocks, 0);
    }
}

HEAP_TEST(medium_blocks_are_counted_whole) {
    static const size_t sizes[] = {5000, 16384, 20000, 60000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        take(sizes[i]);
        tally_read(&tally);
        size_t least = round_up(sizes[i], GRANULE_BYTES) * BLOCKS, slack = (size_t)BLOCKS * 4 * GRANULE_BYTES;
        CHECK_EQ(tally.medium.blocks, BLOCKS);
        CHECK(tally.medium.bytes >= least && tally.medium.bytes <= least + slack);
        give();
        tally_read(&tally);
        CHECK_EQ(tally.medium.blocks, 0);
        CHECK_EQ(tally.medium.bytes, 0);
    }
}

HEAP_TEST(large_blocks_are_counted_in_units) {
    enum { LARGE = 40 };
    for (int i = 0; i < LARGE; i++) blocks[i] = MUST(t_malloc((1 << 20) + 1));
    tally_read(&tally);
    CHECK_EQ(tally.large.blocks, LARGE);
    CHECK_EQ(tally.large.bytes, LARGE * ((1 << 20) + UNIT_BYTES));
    for (int i = 0; i < LARGE; i++) FREE(blocks[i]);
    heap_trim(heap_self->state == HEAP_LIVE ? heap_self : NULL);
    tally_read(&tally);
    CHECK_EQ(tally.large.blocks, 0);
}

static size_t walked_blocks[3], walked_bytes[3];

static void look(const struct walk_block *block, void *context) {
    (void)context;
    if (block->class) return;
    walked_blocks[block->state]++;
    walked_bytes[block->state] += block->bytes;
}

static struct tally_count sum_of(const struct tally_count *counts) {
    struct tally_count sum = {0};
    for (int i = 0; i < TALLY_SIZES; i++) {
        sum.blocks += counts[i].blocks;
        sum.bytes += counts[i].bytes;
    }
    return sum;
}

static size_t small_free_blocks(void) {
    size_t sum = 0;
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) sum += tally.classes[class].free_blocks;
    return sum;
}

static void check_figures(void) {
    struct stats_blocks figures;
    stats_count_blocks(&figures);
    tally_read(&tally);
    CHECK_EQ(figures.small_free_blocks, small_free_blocks());
    CHECK_EQ(figures.medium_free_blocks, sum_of(tally.free_medium).blocks);
    CHECK_EQ(figures.free_extents, sum_of(tally.free_large).blocks);
}

/* What is counted without reading slots is what they say. */
TEST(figures_and_tally_agree) {
    check_figures();
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            t_free(blocks[i]);
            blocks[i] = t_malloc((size_t)((i + round) * 7919) % 150000 + 20);
        }
        check_figures();
        for (int i = round % 3; i < BLOCKS; i += 3) t_free(blocks[i]), blocks[i] = NULL;
        check_figures();
    }
    heap_trim(heap_self);
    check_figures();
    for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]), blocks[i] = NULL;
    check_figures();
}

/* A used block's slot may say anything: a program with millions of them would have all of its slots read. */
HEAP_TEST(figures_are_counted_without_reading_slots) {
    take(20000);
    struct stats_blocks before, after;
    stats_count_blocks(&before);
    struct granule *slot = span_slot(span_of(blocks[7]), blocks[7]), saved = *slot;
    slot->head = granule_count(slot) | GRANULE_FREE;
    stats_count_blocks(&after);
    *slot = saved;
    CHECK_EQ(before.medium_free_blocks, after.medium_free_blocks);
    CHECK_EQ(before.live_bytes, after.live_bytes);
    give();
}

/* The walk and the tally read the same tables in two ways. */
TEST(tally_and_walk_agree_beyond_slabs) {
    for (int i = 0; i < BLOCKS; i++) blocks[i] = t_malloc((size_t)(i * 7919) % 200000 + 4097);
    for (int i = 0; i < BLOCKS; i += 3) t_free(blocks[i]), blocks[i] = NULL;
    CHECK(walk_heap(look, NULL));
    tally_read(&tally);
    struct tally_count medium = sum_of(tally.free_medium), large = sum_of(tally.free_large);
    CHECK_EQ(tally.medium.blocks + tally.large.blocks, walked_blocks[WALK_USED]);
    CHECK_EQ(tally.medium.bytes + tally.large.bytes, walked_bytes[WALK_USED]);
    CHECK_EQ(medium.bytes + large.bytes, walked_bytes[WALK_FREE] + walked_bytes[WALK_HELD]);
    CHECK_EQ(medium.blocks + large.blocks, walked_blocks[WALK_FREE] + walked_blocks[WALK_HELD]);
}
