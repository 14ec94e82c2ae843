/* The aligned functions: every size at every alignment, without loss. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/fast.h"
#include "span/units.h"
#include "test.h"
#include <errno.h>

#define KIB ((size_t)1024)

HEAP_TEST(every_size_at_every_alignment) {
    static const size_t sizes[] = {0, 1, 24, 100, 1000, 3000, 4096, 5000, 17000, 100000, 262144, 300000};
    for (size_t align = 8; align <= (size_t)2 << 20; align *= 2) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct held block = {MUST(t_memalign(align, sizes[i])), sizes[i], align};
            CHECK_EQ((uintptr_t)block.at % align, 0);
            CHECK_EQ((uintptr_t)block.at % 16, 0);
            CHECK(t_malloc_usable_size(block.at) >= sizes[i]);
            contents_fill(&block);
            CHECK(contents_hold(&block, block.size));
            if (i % 2) FREE(block.at);
        }
    }
    test_nothing_is_lost();
}

HEAP_TEST(aligned_small_blocks_are_ordinary_blocks) {
    void *p = MUST(t_memalign(64, 60));
    CHECK_EQ(t_malloc_usable_size(p), 64);
    FREE(p);
    p = MUST(t_memalign(4096, 4096));
    CHECK_EQ(t_malloc_usable_size(p), 4096);
    FREE(p);
}

HEAP_TEST(aligned_blocks_grow_and_shrink) {
    struct held block = {MUST(t_memalign(8192, 20000)), 20000, 5};
    contents_fill(&block);
    for (size_t size = 100; size < 1000000; size *= 5) {
        void *p = t_realloc(block.at, size);
        if (p) test_forget(block.at);
        block.at = MUST(p);
        CHECK(contents_hold(&block, size < block.size ? size : block.size));
        block.size = size;
        contents_fill(&block);
    }
    test_nothing_is_lost();
}

HEAP_TEST(pages_come_whole) {
    fake.page_bytes = 65536;
    void *p = MUST(t_valloc(10)), *q = MUST(t_pvalloc(10)), *r = MUST(t_pvalloc(0));
    CHECK_EQ(((uintptr_t)p | (uintptr_t)q | (uintptr_t)r) % 65536, 0);
    CHECK(t_malloc_usable_size(q) >= 65536);
    test_nothing_is_lost();
}

TEST(wrong_alignments_are_refused_as_glibc_does) {
    void *p = &p;
    CHECK_EQ(t_posix_memalign(&p, 0, 8), EINVAL);
    CHECK_EQ(t_posix_memalign(&p, 4, 8), EINVAL);
    CHECK_EQ(t_posix_memalign(&p, 24, 8), EINVAL);
    CHECK_EQ(t_posix_memalign(&p, 16, SIZE_MAX - 100), ENOMEM);
    CHECK(p == (void *)&p);
    CHECK_EQ(errno, ENOMEM);
    CHECK(!t_aligned_alloc(24, 8));
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ((uintptr_t)t_memalign(24, 8) % 32, 0);
    CHECK(!t_memalign((size_t)1 << 63, 8));
    CHECK(!t_memalign((size_t)1 << 62, (size_t)1 << 62));
    CHECK(!t_memalign((size_t)1 << 40, 8));
    CHECK(!t_pvalloc(SIZE_MAX));
}
