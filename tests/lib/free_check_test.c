/* Misuse of free: what is no block, what was freed before, what was written to after that. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/fast.h"
#include "inspect/verify.h"
#include "test.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

TEST(misuse_of_free_is_reported) {
    static int data;
    char *small = t_malloc(100), *medium = t_malloc(100 * KIB), *large = t_malloc(MIB);
    expect_stop("free(): 0x", t_free(small + 16));
    expect_stop("is in the middle of a block of 112 bytes at 0x", t_free(small + 16));
    expect_stop("is in the middle of a block of 112 bytes at 0x", t_free(small + 1));
    expect_stop("is in the middle of a block of 102400 bytes at 0x", t_free(medium + 1));
    expect_stop("is in the middle of a block of 102400 bytes at 0x", t_free(medium + 40 * KIB));
    expect_stop("is in the middle of a block of 1048576 bytes at 0x", t_free(large + 16));
    expect_stop("is in the middle of a block of 1048576 bytes at 0x", t_free(large + 600 * KIB));
    expect_stop("is not ours", t_free(&data));
    expect_stop("is not ours", t_free((void *)1));
    expect_stop("is not ours", t_free((void *)UINTPTR_MAX));
    expect_stop("is on a stack", t_free(&small));
    expect_stop("is not ours", t_free(span_home.base + span_home.bytes - 1));
    expect_stop("is not ours", t_free(span_unit(small)->memory + 8192)); /* not carved yet */
    t_free(small);
    t_free(medium);
    t_free(large);
    expect_stop("is already free", t_free(small));
    expect_stop("is already free", t_free(medium));
    expect_stop("is already free", t_free(medium + 40 * KIB));
    expect_stop("is already free", t_free(large));
    expect_stop("is already free", t_free(large + 600 * KIB));
}

TEST(double_free_is_found_behind_other_frees) {
    void *blocks[10];
    for (int i = 0; i < 10; i++) blocks[i] = t_malloc(48);
    for (int i = 0; i < 10; i++) t_free(blocks[i]);
    for (int i = 0; i < 10; i++) expect_stop("is already free", t_free(blocks[i]));
}

/* Two bytes of a used block equal a key's: the fast paths take it for a free one, and the slow paths check again. */
TEST(used_block_that_resembles_a_free_one_is_freed) {
    for (size_t size = 16; size <= 4096; size *= 2) {
        char *block = t_malloc(size), *other = t_malloc(size);
        memcpy(block + 14, (char *)&heap_secret_word + 6, 2);
        memcpy(other + 14, (char *)&heap_secret_word + 6, 2);
        CHECK(block_may_be_free((struct block *)block));
        CHECK(t_realloc(block, size - 1) == block);
        size_t used = span_unit(block)->used_blocks;
        t_free(block);
        t_free(other);
        CHECK(span_unit(block)->kind != UNIT_SLAB || span_unit(block)->used_blocks < used);
        CHECK(!verify_heap());
    }
}

TEST(write_after_free_is_found_when_the_block_comes_up) {
    test_leaves_a_broken_heap();
    uintptr_t *block = t_malloc(48);
    t_free(block);
    block[0] ^= 1;
    expect_stop("was written to after it was freed: corrupted list", for (int i = 0; i < 1000; i++) t_malloc(48));
}

TEST(write_to_a_block_in_the_bin_is_found) {
    test_leaves_a_broken_heap();
    char *block = t_malloc(48);
    block[48 + 8] ^= 1; /* the next one's key */
    expect_stop("was written to after it was freed: corrupted list", t_malloc(48));
}

/* Freed twice with its words overwritten in between: the list has it twice, but hands it out once. */
TEST(wiped_double_free_never_gives_a_block_to_two_callers) {
    test_leaves_a_broken_heap();
    void *blocks[100];
    uintptr_t *twice = t_malloc(48);
    t_free(twice);
    twice[0] = twice[1] = 0;
    t_free(twice);
    bool stopped = false;
    struct fake_catch catch = {.text = ""};
    fake_catch = &catch;
    if (setjmp(catch.back)) {
        stopped = true;
    } else {
        for (int i = 0; i < 100; i++) {
            blocks[i] = t_malloc(48);
            for (int j = 0; j < i; j++) CHECK(blocks[i] != blocks[j]);
        }
    }
    CHECK(stopped);
}
