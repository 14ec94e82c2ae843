/* Huge pages: only ranges touched as a whole become one, only in a large heap, a bounded number at a time; and a little
 * free memory inside does not split them. */
/* SPDX-License-Identifier: MIT */
#include "heap/fast.h"
#include "heap/tick.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include "span/huge.h"
#include "span/purge.h"
#include "span/units.h"
#include "test.h"

#define MIB ((size_t)1 << 20)
enum { RANGE = 2 << 20, BLOCK = 1024, BLOCKS = 40 * 1024 };

static char *blocks[BLOCKS];

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

/* 40 MiB of small blocks, in a heap of a GiB that is otherwise sparse. */
static void take_dense(void) {
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = t_malloc(BLOCK);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, BLOCK);
    }
}

static void make_large(void) {
    CHECK(t_malloc(1100 * MIB) != NULL);
}

static void let_quarters_pass(uint32_t quarters) {
    for (uint32_t i = 1; i <= quarters; i++)
        for (int k = 0; k < 200; k++) huge_step(i);
}

static bool is_small_slab(const char *at) {
    const struct unit *line = span_unit(at);
    return line && line->kind == UNIT_SLAB && line->block_bytes == BLOCK;
}

/* Every unit of a range that becomes one page is a slab of the dense blocks. */
static void all_is_dense(char *at) {
    for (size_t i = 0; i < RANGE; i += UNIT_BYTES) CHECK(is_small_slab(at + i));
}

TEST(small_heaps_have_no_huge_pages) {
    take_dense();
    let_quarters_pass(10);
    CHECK_EQ(fake_counts.collapses + fake_counts.collapses_failed, 0);
}

TEST(dense_ranges_become_huge_each_once) {
    take_dense();
    make_large();
    fake_at_collapse = all_is_dense;
    let_quarters_pass(40);
    uint32_t made = fake_counts.collapses + fake_counts.prefaults; /* the last of 40 MiB were made before they filled */
    CHECK(made >= 40 * MIB / RANGE - 2);
    CHECK(made <= 40 * MIB / RANGE + 1);
    sound();
}

TEST(what_is_sparse_never_becomes_huge) {
    make_large();
    for (int i = 0; i < 200; i++) CHECK(t_malloc(3 * MIB) && t_malloc(200000) && t_calloc(1, 30000));
    let_quarters_pass(40);
    CHECK_EQ(fake_counts.collapses, 0);
}

TEST(huge_pages_are_made_a_few_at_a_time) {
    take_dense();
    make_large();
    uint32_t grown = (uint32_t)((span_home.bytes - 1024 * MIB) / RANGE);
    huge_step(1);
    CHECK(fake_counts.collapses <= 1);
    fake.can_collapse = false;
    let_quarters_pass(8);
    CHECK(fake_counts.collapses_failed <= 1 + (grown + 8 * 4) / 64); /* each delays the next attempts for long */
}

static void take_all_back(void) {
    fake.now_ms += 5000;
    heap_trim(heap_self);
}

/* A few free pages do not split a huge page; when a sixteenth is free all are purged. */
TEST(little_does_not_split_a_huge_page) {
    if (fake.page_bytes > 4096) return;
    take_dense();
    make_large();
    let_quarters_pass(40);
    CHECK(fake_counts.collapses > 0);
    char *range = (char *)round_up((uintptr_t)blocks[BLOCKS / 2], RANGE);
    int first = 0;
    while (blocks[first] != range) first++;
    take_all_back();
    size_t before = fake_counts.purged_bytes;
    for (int i = 0; i < 16; i++) t_free(blocks[first + i]), blocks[first + i] = NULL;  /* a slab */
    for (int i = 32; i < 36; i++) t_free(blocks[first + i]), blocks[first + i] = NULL; /* a page */
    take_all_back();
    CHECK_EQ(fake_counts.purged_bytes, before);
    sound();
    for (int i = 64; i < 256; i++) t_free(blocks[first + i]), blocks[first + i] = NULL;
    take_all_back();
    take_all_back();
    CHECK(fake_counts.purged_bytes >= before + 212 * BLOCK);
    CHECK(!huge_spares(range, 4096));
    sound();
}
