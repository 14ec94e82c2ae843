/* calloc: always zero, without clearing more than needed. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/fast.h"
#include "heap/thread.h"
#include "heap/trim.h"
#include "span/units.h"
#include "test.h"

#define KIB ((size_t)1024)

static void *zeroed(size_t size) {
    unsigned char *p = MUST(t_calloc(1, size));
    CHECK(contents_are_zero(p, size));
    return p;
}

/* Blocks of every level: new, used before, cached, kept as recent, purged. */
static const size_t sizes[] = {
    0,    1,    15,   16,   17,       100,      256,      257,       512,       513,           1000,
    2048, 4096, 4097, 5000, 20 * KIB, 64 * KIB, 65 * KIB, 200 * KIB, 256 * KIB, 256 * KIB + 1, 1000 * KIB};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), EACH = 3 };

static void use_up(void *p) {
    memset(p, 0xa5, t_malloc_usable_size(p));
}

HEAP_TEST(new_memory_is_zero) {
    for (int i = 0; i < SIZES; i++) use_up(zeroed(sizes[i]));
    test_nothing_is_lost();
}

static void round_of_all(void) {
    void *held[SIZES][EACH];
    for (int i = 0; i < SIZES; i++) {
        for (int n = 0; n < EACH; n++) use_up(held[i][n] = zeroed(sizes[i]));
    }
    for (int i = 0; i < SIZES; i++) {
        for (int n = 0; n < EACH; n++) FREE(held[i][n]);
    }
}

HEAP_TEST(used_memory_is_zero_again) {
    for (int round = 0; round < 3; round++) round_of_all();
    test_nothing_is_lost();
}

HEAP_TEST(purged_memory_is_zero_again) {
    for (int round = 0; round < 3; round++) {
        round_of_all();
        fake.now_ms += 5000;
        heap_trim(heap_self);
    }
    test_nothing_is_lost();
}

HEAP_TEST(memory_that_could_not_be_purged_is_zero_again) {
    fake.can_purge = false;
    for (int round = 0; round < 3; round++) {
        round_of_all();
        heap_trim(heap_self);
    }
    test_nothing_is_lost();
}

/* Of what was hardly touched most is still not in memory, and stays so. */
HEAP_TEST(sparse_large_memory_is_purged_and_dense_is_cleared) {
    for (int way = 0; way < 2; way++) {
        fake.is_sparse = way == 0;
        for (size_t size = 300 * KIB; size < 4000 * KIB; size = size * 3 + 1) {
            void *held = MUST(t_malloc(size));
            use_up(held);
            FREE(held);
            uint64_t purges = fake_counts.purges;
            FREE(zeroed(size));
            CHECK_EQ(fake_counts.purges - purges, fake.is_sparse && !hardened());
        }
    }
    test_nothing_is_lost();
}

HEAP_TEST(carved_memory_is_zero_when_its_unit_was_not) {
    void *large = MUST(t_malloc(512 * KIB));
    use_up(large);
    FREE(large);
    MUST(t_malloc(300 * KIB)); /* the recent block goes back to level 1, dirty */
    for (size_t size = 16; size <= 4096; size *= 2) zeroed(size);
    test_nothing_is_lost();
}

/* A bin carved from zero memory, then freed blocks: the first's mark for zero memory must not apply to the second. */
HEAP_TEST(freed_block_after_a_fresh_bin_is_cleared) {
    for (int round = 0; round < 4; round++) {
        void *held[100];
        for (int i = 0; i < 100; i++) use_up(held[i] = zeroed(160));
        for (int i = 0; i < 100; i += 2) FREE(held[i]);
    }
    test_nothing_is_lost();
}

/* The bins that served it are not those of the thread. */
TEST(late_memory_is_zero) {
    zeroed(300);
    heap_leave();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < SIZES; i++) {
            void *p = zeroed(sizes[i]);
            use_up(p);
            t_free(p);
        }
    }
}

HEAP_TEST(product_that_overflows_is_refused) {
    zeroed(10);
    CHECK(!t_calloc(SIZE_MAX, 2));
    CHECK(!t_calloc(((size_t)1 << 33) + 1, (size_t)1 << 31));
    CHECK(t_calloc(0, 100) != NULL);
    CHECK(t_calloc(100, 0) != NULL);
}
