/* Purged pages: pages of partly used slabs go back, their neighbours keep their contents, and no block freed into a
 * purged page is handed out twice. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "contents.h"
#include "heap/fast.h"
#include "heap/fork.h"
#include "heap/thread.h"
#include "heap/trim.h"
#include "inspect/spans.h"
#include "inspect/verify.h"
#include "slab/purged_pages.h"
#include "test.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLABS = 40, PAGE = 4096, EACH_MAX = SLABS * UNIT_BYTES / 16 };
static struct held blocks[EACH_MAX];
static int count;

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

/* SLABS slabs of one class, all of their blocks used. */
static void take(uint32_t class) {
    size_t size = class_shapes[class].block_bytes;
    count = SLABS * class_shapes[class].capacity_blocks;
    for (int i = 0; i < count; i++) {
        blocks[i] = (struct held){t_malloc(size), size, (uint64_t)i};
        CHECK(blocks[i].at != NULL);
        contents_fill(&blocks[i]);
    }
}

static uint64_t random_state = 42;
static bool one_in(unsigned n) {
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (random_state >> 33) % n == 0;
}

static void free_all_but_one_in(unsigned n) {
    for (int i = 0; i < count; i++) {
        if (one_in(n)) continue;
        t_free(blocks[i].at);
        blocks[i].at = NULL;
    }
}

static void check_and_free_all(void) {
    for (int i = 0; i < count; i++) {
        if (!blocks[i].at) continue;
        CHECK(contents_hold(&blocks[i], blocks[i].size));
        t_free(blocks[i].at), blocks[i].at = NULL;
    }
}

/* Requests of a size that the test does not use, which only let time pass. */
static void let_time_pass(void) {
    fake.now_ms += 700;
    for (int i = 0; i < 100; i++) t_free(t_malloc(30 * 1024 + (size_t)i * 600));
}

/* Pages of the first SLABS slabs that no block in use touches. */
static size_t idle_bytes(void) {
    static bool used[SLABS * 8][UNIT_BYTES / PAGE], slab[SLABS * 8];
    memset(used, 0, sizeof(used));
    memset(slab, 0, sizeof(slab));
    size_t idle = 0;
    for (int i = 0; i < count; i++) {
        if (!blocks[i].at) continue;
        size_t from = (size_t)((char *)blocks[i].at - span_home.base), to = from + blocks[i].size - 1;
        slab[from / UNIT_BYTES] = true;
        used[from / UNIT_BYTES][from % UNIT_BYTES / PAGE] = used[to / UNIT_BYTES][to % UNIT_BYTES / PAGE] = true;
    }
    for (int i = 0; i < SLABS * 8; i++)
        for (int page = 0; slab[i] && page < UNIT_BYTES / PAGE; page++) idle += used[i][page] ? 0 : PAGE;
    return idle;
}

static bool has_pages_of_4_kib(void) {
    return fake.page_bytes == PAGE;
}

static int slabs_of(uint32_t class) {
    int slabs = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) slabs += walk.line->kind == UNIT_SLAB && walk.line->class == class;
    return slabs;
}

/* All idle pages except those of the current slab go back, and are used again before any new slab. */
static void pages_go_and_come(uint32_t class) {
    let_time_pass();
    take(class);
    free_all_but_one_in(7);
    size_t before = fake_counts.purged_bytes, idle = idle_bytes();
    let_time_pass();
    let_time_pass();
    sound();
    CHECK(fake_counts.purged_bytes - before + UNIT_BYTES >= idle);
    for (int i = 0; i < count; i++) CHECK(!blocks[i].at || contents_hold(&blocks[i], blocks[i].size));
    for (int i = 0; i < count; i++) {
        if (blocks[i].at) continue;
        blocks[i].at = t_malloc(blocks[i].size);
        contents_fill(&blocks[i]);
        if (i % 64 == 0) sound();
    }
    CHECK_EQ(slabs_of(class), SLABS);
    check_and_free_all();
    sound();
}

TEST(idle_pages_of_every_class_go_and_come) {
    if (!has_pages_of_4_kib()) return;
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) pages_go_and_come(class);
    test_nothing_is_lost();
}

TEST(slabs_have_no_purged_pages_where_pages_are_larger) {
    fake.page_bytes = 16384;
    take(20);
    free_all_but_one_in(100);
    for (int i = 0; i < 5; i++) let_time_pass();
    heap_trim(heap_self);
    for (int i = 0; i < count; i++) CHECK(!blocks[i].at || slab_purged_pages(span_unit(blocks[i].at)) == 0);
    check_and_free_all();
}

/* A slab of blocks of 1024 bytes whose second page is a purged page: its blocks 0 to 3 are used, 4 to 7 in the purged
 * page. */
static char *with_a_purged_page(void) {
    take(40);
    CHECK_EQ(blocks[0].size, 1024);
    for (int i = 4; i < 8; i++) t_free(blocks[i].at);
    t_free(blocks[12].at);
    heap_trim(heap_self);
    struct unit *slab = span_unit(blocks[0].at);
    CHECK_EQ(slab_purged_pages(slab), 2);
    CHECK_EQ(slab->resident_blocks, slab->carved_blocks - 4);
    sound();
    return slab->memory;
}

TEST(block_in_a_purged_page_is_already_free) {
    if (!has_pages_of_4_kib() || !config_safety) return;
    test_leaves_a_broken_heap();
    char *memory = with_a_purged_page();
    expect_stop("is already free", t_free(memory + 4 * 1024));
    expect_stop("is already free", t_free(memory + 7 * 1024));
    expect_stop("is already free", t_free(memory + 7 * 1024 + 16));
    expect_stop("is already free", t_realloc(memory + 5 * 1024, 3000));
    expect_stop("is already free", t_realloc(memory + 5 * 1024, 1000));
    expect_stop("in the middle of a block", t_free(memory + 8 * 1024 + 16));
    expect_stop("is already free", t_free(memory + 12 * 1024));
}

static void *free_elsewhere(void *p) {
    expect_stop("is already free", t_free(p));
    return NULL;
}

TEST(block_in_a_purged_page_is_already_free_elsewhere) {
    if (!has_pages_of_4_kib() || !config_safety) return;
    test_leaves_a_broken_heap();
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, free_elsewhere, with_a_purged_page() + 6 * 1024), 0);
    pthread_join(thread, NULL);
}

/* Another thread's free, which checked the block before its page was purged, arrives afterwards. */
TEST(late_free_into_a_purged_page_is_found_when_collected) {
    if (!has_pages_of_4_kib() || !config_safety) return;
    test_leaves_a_broken_heap();
    char *memory = with_a_purged_page();
    struct unit *slab = span_unit(memory);
    CHECK_EQ(owner_push(slab, (struct block *)(memory + 5 * 1024), heap_secret(), OWNER_CLAIMS_FULL), OWNER_PUSHED);
    expect_stop("is already free", owner_collect(slab, heap_secret()));
}

TEST(slab_with_purged_pages_is_used_like_any_other) {
    if (!has_pages_of_4_kib()) return;
    char *memory = with_a_purged_page();
    CHECK_EQ(t_malloc_usable_size(memory), 1024);
    CHECK(t_realloc(memory, 1000) == memory);
    t_free(blocks[1].at);
    CHECK_EQ(span_unit(memory)->used_blocks, 10);
    sound();
    for (int i = 0; i < 6; i++) {
        int at = i == 0 ? 1 : i == 1 ? 12 : i + 2;
        blocks[at].at = t_malloc(1024);
        CHECK(span_unit(blocks[at].at)->memory == memory);
        contents_fill(&blocks[at]);
    }
    CHECK_EQ(slab_purged_pages(span_unit(memory)), 0);
    sound();
    check_and_free_all();
    sound();
}

/* A purged page does not read as zero where a block from the left reaches into it. */
TEST(zeroed_blocks_from_purged_pages_are_zero) {
    if (!has_pages_of_4_kib()) return;
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        take(class);
        free_all_but_one_in(9);
        heap_trim(heap_self);
        for (int i = 0; i < count; i++) {
            if (blocks[i].at) continue;
            blocks[i].at = t_calloc(1, blocks[i].size);
            CHECK(contents_are_zero(blocks[i].at, blocks[i].size));
            contents_fill(&blocks[i]);
        }
        check_and_free_all();
    }
}

/* A page whose purge is refused does not count as purged, and is tried again. */
TEST(page_that_cannot_be_purged_is_tried_again) {
    if (!has_pages_of_4_kib()) return;
    take(40);
    for (int i = 4; i < 8; i++) t_free(blocks[i].at), blocks[i].at = NULL;
    for (int i = 12; i < 16; i++) t_free(blocks[i].at), blocks[i].at = NULL;
    struct unit *slab = span_unit(blocks[0].at);
    fake.refused = slab->memory + PAGE;
    heap_trim(heap_self);
    sound();
    CHECK_EQ(slab_purged_pages(slab), 8);
    CHECK_EQ(slab->resident_blocks, slab->carved_blocks - 4);
    fake.refused = slab->memory + (size_t)3 * PAGE;
    heap_trim(heap_self);
    sound();
    CHECK_EQ(slab_purged_pages(slab), 10);
    fake.refused = NULL;
    check_and_free_all();
    test_nothing_is_lost();
}

TEST(slab_of_which_nothing_can_be_purged_is_as_before) {
    if (!has_pages_of_4_kib()) return;
    take(40);
    for (int i = 4; i < 8; i++) t_free(blocks[i].at), blocks[i].at = NULL;
    struct unit *slab = span_unit(blocks[0].at);
    fake.can_purge = false;
    heap_trim(heap_self);
    sound();
    CHECK_EQ(slab_purged_pages(slab), 0);
    CHECK(slab_is_start(slab, blocks[0].at));
    check_and_free_all();
    test_nothing_is_lost();
}

/* While each page has a used block, the slab's list is not followed: its damage is found when it is. */
TEST(list_is_followed_for_an_idle_page_only) {
    if (!has_pages_of_4_kib() || !config_safety || config_valgrind) return;
    test_leaves_a_broken_heap();
    take(40);
    struct unit *slab = span_unit(blocks[0].at);
    for (int i = 0; i < 16; i++) {
        CHECK(span_unit(blocks[i].at) == slab);
        if (i % 4 > 0 && i != 15) t_free(blocks[i].at);
    }
    CHECK_EQ(slab->used_blocks, 5);
    struct block *damaged = slab->free->next;
    damaged->next = damaged;
    slab->flags &= (uint8_t)~UNIT_PARTIAL;
    purged_make(slab, heap_secret());
    CHECK_EQ(slab_purged_pages(slab), 0);
    t_free(blocks[0].at);
    expect_stop("corrupted list", purged_make(slab, heap_secret()));
}

static void *take_and_leave(void *class) {
    take((uint32_t)(uintptr_t) class);
    free_all_but_one_in(11);
    heap_leave();
    return NULL;
}

static void abandoned_slabs_have_holes(uint32_t class) {
    pthread_t thread;
    t_free(t_malloc(1));
    let_time_pass();
    CHECK_EQ(pthread_create(&thread, NULL, take_and_leave, (void *)(uintptr_t) class), 0);
    pthread_join(thread, NULL);
    size_t before = fake_counts.purged_bytes, idle = idle_bytes();
    let_time_pass();
    let_time_pass();
    sound();
    CHECK(fake_counts.purged_bytes - before >= idle);
    check_and_free_all();
    sound();
}

TEST(idle_pages_of_dead_threads_go_back) {
    if (!has_pages_of_4_kib()) return;
    for (uint32_t class = 1; class < CLASS_COUNT; class += 7) abandoned_slabs_have_holes(class);
    test_nothing_is_lost();
}

/* ---- fork at the moment of a purge, in a thread that the child does not have ---- */

static void fork_here(void) {
    fake_at_purge = NULL;
    fork_prepare();
    pid_t pid = fork();
    if (pid == 0) {
        heap_self = heap_fast = &heap_none; /* as another thread of the parent would be in its child */
        fork_child();
        for (int i = 0; i < count; i++) CHECK(!blocks[i].at || contents_hold(&blocks[i], blocks[i].size));
        check_and_free_all();
        take(30), check_and_free_all();
        sound();
        heap_trim(heap_self);
        _exit(0);
    }
    fork_parent();
    int status = 1;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK_EQ(status, 0);
}

TEST(child_of_a_fork_amid_purging_a_page_goes_on) {
    if (!has_pages_of_4_kib() || !config_safety) return;
    for (uint32_t class = 3; class < CLASS_COUNT; class += 6) {
        take(class);
        free_all_but_one_in(5);
        let_time_pass();
        fake_at_purge = fork_here;
        heap_trim(heap_self);
        check_and_free_all();
    }
}
