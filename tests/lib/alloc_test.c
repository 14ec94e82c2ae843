/* malloc and free of one thread: where blocks come from, in which order, and what is never handed out. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/empty.h"
#include "heap/fast.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include "span/units.h"
#include "test.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

static uint8_t kind_of(const void *p) {
    return span_unit(p)->kind;
}

HEAP_TEST(every_size_is_served_aligned_and_usable) {
    for (size_t size = 0; size < 9000; size += 1 + size / 64) {
        char *p = MUST(t_malloc(size));
        CHECK_EQ((uintptr_t)p % 16, 0);
        size_t usable = t_malloc_usable_size(p);
        CHECK(usable >= size && usable > 0);
        CHECK(usable <= size + size / 4 + 1024);
        memset(p, 1, usable);
        FREE(p);
    }
}

HEAP_TEST(powers_of_two_are_aligned_to_their_size) {
    for (size_t size = 16; size <= 4096; size *= 2) {
        void *p = MUST(t_malloc(size));
        CHECK_EQ((uintptr_t)p % size, 0);
    }
    test_nothing_is_lost();
}

HEAP_TEST(blocks_of_zero_bytes_are_distinct) {
    void *first = MUST(t_malloc(0)), *second = MUST(t_malloc(0));
    CHECK(first != second);
    FREE(first);
    FREE(second);
}

HEAP_TEST(sizes_go_to_their_level) {
    CHECK_EQ(kind_of(MUST(t_malloc(4096))), UNIT_SLAB);
    void *medium_block = MUST(t_malloc(4097));
    CHECK_CALM(kind_of(medium_block) == UNIT_MEDIUM);
    medium_block = MUST(t_malloc(MEDIUM_BYTES_MAX));
    CHECK_CALM(kind_of(medium_block) == UNIT_MEDIUM);
    CHECK_EQ(kind_of(MUST(t_malloc(MEDIUM_BYTES_MAX + 1))), UNIT_LARGE);
    test_nothing_is_lost();
}

/* A program that uses one block of each size touches one page for each. */
HEAP_TEST(class_used_once_is_carved_to_one_page) {
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        void *p = MUST(t_malloc(class_shapes[class].block_bytes));
        CHECK((size_t)span_unit(p)->carved_blocks * class_shapes[class].block_bytes <= 8192 - 16);
    }
    test_nothing_is_lost();
}

/* From the largest class down, each class finds a lender: a few blocks of each size cost few pages. */
HEAP_TEST(first_blocks_of_a_class_come_from_a_larger_one_and_lie_as_its_own_would) {
    uint32_t borrowed = 0;
    for (uint32_t class = CLASS_COUNT - 1; class > 0; class --) {
        uint32_t bytes = class_shapes[class].block_bytes, align = bytes & -bytes;
        for (int i = 0; i <= BORROWED_MAX; i++) {
            char *p = memset(MUST(t_malloc(bytes)), 1, bytes);
            CHECK_EQ((uintptr_t)p & (align - 1), 0);
            CHECK(t_malloc_usable_size(p) >= bytes);
            CHECK_CALM(t_malloc_usable_size(p) <=
                       2 * bytes); /* the last resort of a heap without memory may be larger */
            borrowed += span_unit(p)->class != class;
            CHECK_CALM(i < BORROWED_MAX || span_unit(p)->class == class);
        }
    }
    CHECK_CALM(borrowed > 2 * CLASS_COUNT);
    test_nothing_is_lost();
}

/* With several threads, a few blocks of each size cost each thread few pages in any order: some classes lend to all
 * others. */
static void few_sizes_cost_few_pages(int first, int step) {
    uint32_t slabs = 0;
    heaps.threaded = true;
    for (int i = first; i >= 100 && i <= 500; i += step) {
        char *p = memset(MUST(t_malloc((size_t)i)), 1, (size_t)i);
        CHECK(t_malloc_usable_size(p) >= (size_t)i &&
              t_malloc_usable_size(p) <= 2 * round_up((size_t)i, BLOCK_ALIGN_BYTES));
    }
    for (uint32_t i = 0; i < span_home.top_units; i++) slabs += span_home.lines[i].kind == UNIT_SLAB;
    CHECK_CALM(slabs <= 3);
    test_nothing_is_lost();
}
HEAP_TEST(rising_sizes_of_a_thread_share_pages) {
    few_sizes_cost_few_pages(100, 16);
}
HEAP_TEST(falling_sizes_of_a_thread_share_pages) {
    few_sizes_cost_few_pages(500, -16);
}

HEAP_TEST(aligned_block_is_not_borrowed_from_a_class_that_is_not) {
    heaps.threaded = true;
    for (size_t align = 16; align <= 1024; align *= 2)
        for (size_t size = align; size <= 1024; size += align)
            for (int i = 0; i < 2; i++) CHECK_EQ((uintptr_t)MUST(t_memalign(align, size)) & (align - 1), 0);
    test_nothing_is_lost();
}

HEAP_TEST(borrowed_blocks_are_zeroed_and_freed_as_what_they_are) {
    char *lender = memset(MUST(t_malloc(480)), 0xee, 480), *p;
    FREE(lender);
    p = MUST(t_calloc(1, 400));
    CHECK_CALM(span_unit(p)->class == class_of(480));
    CHECK(contents_are_zero(p, 400));
    FREE(memset(p, 0xee, 400));
    p = MUST(t_calloc(5, 80));
    CHECK(contents_are_zero(p, 400));
    test_nothing_is_lost();
}

HEAP_TEST(blocks_are_handed_out_in_the_order_of_their_addresses_at_first) {
    char *last = MUST(t_malloc(100));
    for (int i = 0; i < 30; i++) {
        char *p = MUST(t_malloc(100));
        CHECK(p == last + 112);
        last = p;
    }
    test_nothing_is_lost();
}

/* The bin first, then what was freed, then memory that was never touched. */
HEAP_TEST(freed_blocks_come_before_untouched_memory) {
    void *blocks[36];
    for (int i = 0; i < 36; i++) blocks[i] = MUST(t_malloc(100)); /* the first page to its end */
    for (int i = 0; i < 36; i += 2) FREE(blocks[i]);
    uint32_t carved = span_unit(blocks[1])->carved_blocks;
    for (int i = 0; i < 18; i++) MUST(t_malloc(100));
    CHECK_EQ(span_unit(blocks[1])->carved_blocks, carved);
    test_nothing_is_lost();
}

HEAP_TEST(slab_that_woke_waits_its_turn_and_is_used_before_a_new_one) {
    enum { BLOCKS = 600 };
    void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) blocks[i] = MUST(t_malloc(512)); /* a little more than 18 slabs */
    uint32_t used = units.used_units;
    struct unit *first = span_unit(blocks[0]);
    CHECK(!first->owner); /* full, so it has no owner */
    for (int i = 0; i < 20; i++) FREE(blocks[i]);
    CHECK(first->owner == heap_self);
    CHECK(first->flags & UNIT_PARTIAL);
    int from_first = 0;
    for (int i = 0; i < 60; i++) from_first += span_unit(MUST(t_malloc(512))) == first;
    CHECK_EQ(from_first, 20);
    CHECK(units.used_units - used <= 2);
    test_nothing_is_lost();
}

HEAP_TEST(empty_slabs_are_kept_up_to_a_bound) {
    enum { BLOCKS = 2000 };
    static void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) blocks[i] = MUST(t_malloc(1024)); /* 125 slabs */
    uint32_t used = units.used_units;
    for (int i = 0; i < BLOCKS; i++) FREE(blocks[i]);
    CHECK(heap_self->empty_slabs <= EMPTY_SLABS_MIN);
    CHECK(used - units.used_units > 100);
}

/* Allocate and free `count` blocks, `turns` times. */
static void come_and_go(int count, size_t size, int turns) {
    static void *blocks[4000];
    while (turns-- > 0) {
        for (int i = 0; i < count; i++) CHECK((blocks[i] = t_malloc(size)) != NULL);
        for (int i = 0; i < count; i++) t_free(blocks[i]);
    }
}

/* If few blocks fit into a slab every few calls need one: empty slabs are kept where the next round takes them again.
 * */
TEST(class_that_lacks_the_slabs_it_gave_back_keeps_more) {
    come_and_go(900, 4096, 2);
    uint32_t used = units.used_units;
    for (int turn = 0; turn < 3; turn++) {
        come_and_go(900, 4096, 1);
        CHECK_EQ(units.used_units, used);
        CHECK_EQ(heap_self->empty_slabs + 1, 900 / 4); /* and the current one */
    }
    come_and_go(4000, 4096, 2);
    CHECK(heap_self->empty_slabs <= EMPTY_SLABS_MAX);
    CHECK(!verify_heap());
    heap_trim(heap_self);
    CHECK_EQ(heap_self->empty_slabs, 0);
    come_and_go(900, 4096, 1);
    CHECK_EQ(heap_self->empty_slabs, EMPTY_SLABS_MIN);
}

TEST(empty_slabs_of_all_heaps_are_bounded) {
    static struct heap others[EMPTY_STEPS_OF_ALL];
    uint32_t steps = 0;
    for (int i = 0; i < EMPTY_STEPS_OF_ALL; i++) {
        for (int n = 0; n < EMPTY_SLABS_MAX; n++) empty_widen(&others[i]);
        CHECK(empty_max(&others[i]) <= EMPTY_SLABS_MAX);
        steps += others[i].empty_steps;
    }
    CHECK_EQ(steps, EMPTY_STEPS_OF_ALL);
    come_and_go(900, 4096, 3);
    CHECK_EQ(heap_self->empty_slabs, EMPTY_SLABS_MIN);
}

TEST(empty_slabs_yield_before_new_memory_is_touched) {
    come_and_go(900, 4096, 2);
    while (units.dirty_units > 0) CHECK(units_take(1, UNIT_LARGE) != NULL);
    uint32_t used = units.used_units;
    for (int i = 0; i < 700; i++) CHECK(t_malloc(2048) != NULL); /* 88 slabs */
    CHECK(units.used_units <= used);
    CHECK(heap_self->empty_slabs <= EMPTY_SLABS_MIN);
}

HEAP_TEST(medium_block_is_cached_for_its_exact_size) {
    FREE(MUST(t_malloc(20 * KIB))); /* the memory is not new any more */
    void *p = MUST(t_malloc(20 * KIB));
    if (kind_of(p) != UNIT_MEDIUM || span_of(p) != &span_home) return;
    FREE(p);
    CHECK_EQ(heap_self->cache_room, heap_self->cache_max - 20 * KIB / GRANULE_BYTES);
    CHECK(MUST(t_malloc(20 * KIB - 5)) == p);
    CHECK_EQ(heap_self->cache_room, heap_self->cache_max);
    test_nothing_is_lost();
}

/* Where that is more than two granules; on the path that counts a slow one after a run of hits, too. */
TEST(cached_block_serves_requests_down_to_an_eighth_less) {
    enum { GRANULES = 80, LEAST = 72 };
    for (int slow = 0; slow < 2; slow++) {
        void *p = MUST(t_malloc(GRANULES * GRANULE_BYTES));
        CHECK(kind_of(p) == UNIT_MEDIUM && span_of(p) == &span_home);
        FREE(p);
        CHECK(MUST(t_malloc((LEAST - 1) * GRANULE_BYTES)) != p);
        if (slow) heap_self->hits_left = 1;
        CHECK(MUST(t_malloc(LEAST * GRANULE_BYTES)) == p);
        CHECK_EQ(heap_self->cache_room, heap_self->cache_max);
    }
}

HEAP_TEST(cache_is_bounded) {
    enum { BLOCKS = 600 };
    void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) blocks[i] = MUST(t_malloc((size_t)(5 + i % 60) * KIB));
    for (int i = 0; i < BLOCKS; i++) {
        FREE(blocks[i]);
        CHECK(heap_self->cache_room <= heap_self->cache_max);
    }
    CHECK(heap_self->cache_room < 64 * KIB / GRANULE_BYTES);
    test_nothing_is_lost();
}

TEST(cache_has_more_room_when_a_size_it_refused_is_asked_for) {
    enum { BLOCKS = 300, GRANULES = 20 * KIB / GRANULE_BYTES };
    void *blocks[BLOCKS];
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < BLOCKS; i++) blocks[i] = MUST(t_malloc(20 * KIB));
        for (int i = 0; i < BLOCKS; i++) FREE(blocks[i]);
        if (turn == 0) CHECK_EQ(heap_self->cache_max, CACHE_SUM_MIN);
    }
    CHECK_EQ(heap_self->cache_max, CACHE_SUM_MAX);
    CHECK_EQ(heap_self->cache_room, CACHE_SUM_MAX - BLOCKS * GRANULES);
    cache_flush(heap_self);
    CHECK_EQ(heap_self->cache_max, CACHE_SUM_MIN);
    test_nothing_is_lost();
}

/* A block that is a little larger serves a request too; one that is smaller does not, nor one that is much larger. */
TEST(cache_has_more_room_when_what_it_refused_would_serve) {
    enum { BLOCKS = 110 };
    void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) blocks[i] = MUST(t_malloc(20 * KIB));
    for (int i = 0; i < BLOCKS; i++) FREE(blocks[i]);
    while (heap_self->cache[40]) MUST(t_malloc(20 * KIB));
    MUST(t_malloc(20 * KIB + 1));
    MUST(t_malloc(16 * KIB));
    CHECK_EQ(heap_self->cache_max, CACHE_SUM_MIN);
    MUST(t_malloc(19 * KIB));
    CHECK(heap_self->cache_max > CACHE_SUM_MIN);
}

HEAP_TEST(cache_yields_before_new_memory_is_touched) {
    enum { BLOCKS = 100 };
    void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) blocks[i] = MUST(t_malloc(20 * KIB));
    while (medium_take_ready(41)) {
    } /* neither level has anything else that was touched */
    CHECK_EQ(units.dirty_units, 0);
    uint32_t used = units.used_units;
    for (int i = 0; i < BLOCKS; i++) FREE(blocks[i]);
    CHECK(heap_self->cache_room < heap_self->cache_max);
    for (int i = 0; i < BLOCKS / 4; i++) MUST(t_malloc(60 * KIB));
    CHECK_EQ(heap_self->cache_room, heap_self->cache_max);
    CHECK(units.used_units <= used);
}

HEAP_TEST(recent_large_block_serves_only_its_exact_size) {
    void *p = MUST(t_malloc(MIB));
    FREE(p);
    CHECK(MUST(t_malloc(MIB - 100)) == p);
    FREE(p);
    void *smaller = MUST(t_malloc(MIB / 2));
    CHECK(!heap_self->recent_large);
    FREE(smaller);
    test_nothing_is_lost();
}

HEAP_TEST(large_memory_is_used_again_by_every_level) {
    void *p = MUST(t_malloc(8 * MIB));
    FREE(p);
    MUST(t_malloc(7 * MIB));
    uint32_t top = span_home.top_units;
    for (int i = 0; i < 40; i++) MUST(t_malloc(4096));
    for (int i = 0; i < 10; i++) MUST(t_malloc(30 * KIB));
    CHECK_CALM(span_home.top_units == top);
    test_nothing_is_lost();
}

HEAP_TEST(what_cannot_be_served_is_refused) {
    t_free(MUST(t_malloc(1)));
    test_forget(NULL);
    CHECK(!t_malloc(SIZE_MAX));
    CHECK(!t_malloc((size_t)PTRDIFF_MAX + 1));
    CHECK(!t_malloc((size_t)1 << 46));
    CHECK(!t_calloc(SIZE_MAX / 2, 3));
    CHECK(!t_calloc((size_t)1 << 32, (size_t)1 << 32));
}

/* An impossible request has no side effect: free memory stays where it is. */
HEAP_TEST(impossible_size_gives_no_memory_back) {
    FREE(MUST(t_malloc(2 * MIB)));
    uint32_t purges = fake_counts.purges, dirty = units.dirty_units;
    for (size_t size = (size_t)PTRDIFF_MAX; size > (size_t)1 << 40; size /= 2) {
        void *p;
        CHECK(!t_malloc(size) && !t_calloc(1, size) && t_posix_memalign(&p, 1 << 16, size) != 0);
    }
    CHECK(!t_memalign((size_t)1 << 45, 100));
    CHECK_EQ(fake_counts.purges, purges);
    CHECK_EQ(units.dirty_units, dirty);
    test_nothing_is_lost();
}

/* Memory freed by one size serves any other, before the heap returns NULL. */
TEST(freed_memory_of_one_size_serves_every_other) {
    static const size_t sizes[] = {48, 40 * KIB, 2048, 5 * KIB, 3 * MIB, 16, 300 * KIB};
    enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), BLOCKS = 400000 };
    static void *blocks[BLOCKS];
    fake.memory_max = 12 * MIB;
    for (int i = 0; i < 2 * SIZES; i++) {
        size_t size = sizes[i % SIZES], count = 0;
        while (count < BLOCKS && (blocks[count] = t_malloc(size))) count++;
        CHECK(count * size >= 6 * MIB || count == BLOCKS);
        CHECK(!verify_heap());
        while (count > 0) t_free(blocks[--count]);
    }
}

TEST(usable_size_of_nothing_is_nothing) {
    CHECK_EQ(t_malloc_usable_size(NULL), 0);
}
