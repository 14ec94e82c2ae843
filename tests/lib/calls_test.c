/* The n-th purge (after purging a part) or the n-th request for memory fails, for every n until there is no such call;
 * resize_test does the same with moves. Each n has a heap of its own, in a child. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/fast.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include "span/units.h"
#include "test.h"
#include <heapalloc/port.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOTS = 64, STEPS = 300, RESIZED = 2 };

static struct held held[SLOTS];
static uint64_t state;

static uint32_t draw(uint32_t below) {
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(state >> 33) % below;
}

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

/* Small, medium and large blocks, equally many of each kind. */
static size_t draw_size(void) {
    static const uint32_t most[] = {300, 4096, 60000, 400000, 3 << 20};
    return 1 + draw(most[draw(5)]);
}

static void take_or_give(struct held *block) {
    if (block->at) {
        CHECK(contents_hold(block, block->size));
        t_free(block->at);
        block->at = NULL;
        return;
    }
    size_t size = draw_size();
    bool zeroed = draw(3) == 0;
    unsigned char *at = zeroed ? t_calloc(1, size) : t_malloc(size);
    if (!at) return;
    if (zeroed) CHECK(contents_are_zero(at, size));
    *block = (struct held){at, size, state};
    contents_fill(block);
}

static void resize(struct held *block) {
    if (!block->at) return;
    size_t size = draw_size();
    unsigned char *at = t_realloc(block->at, size);
    if (!at) {
        CHECK(contents_hold(block, block->size));
        return;
    }
    block->at = at;
    CHECK(contents_hold(block, size < block->size ? size : block->size));
    block->size = size;
    contents_fill(block);
}

/* All kinds of blocks, while time passes and all free memory is given back now and then. */
static void work(uint64_t seed) {
    state = seed;
    for (int i = 0; i < STEPS; i++) {
        take_or_give(&held[draw(SLOTS)]);
        if (i % RESIZED == 0) resize(&held[draw(SLOTS)]);
        if (i % 16 == 0) fake.now_ms += 300;
        if (i % 100 == 99) heap_trim(heap_self);
        if (i % 50 == 0) sound();
    }
}

/* A refused purge succeeds when it is tried again: nothing stays dirty, and calloc's blocks are zero. */
static void end(void) {
    fake.fail_purge = fake.fail_at = fake.fail_each = 0;
    for (int i = 0; i < SLOTS; i++) {
        if (held[i].at) take_or_give(&held[i]);
    }
    for (int i = 0; i < 2; i++) heap_trim(heap_self);
    sound();
    /* Free memory that shares a large page with memory in use cannot be purged. */
    CHECK(units.dirty_units <= (port_page_bytes() > UNIT_BYTES ? span_home.top_units / 8 : 0));
    for (int i = 0; i < SLOTS; i++) take_or_give(&held[i]);
    sound();
}

enum { HIT = 0, BEYOND = 7, FULL_TRIES = 24 };

/* Run `script` and the work in a child, whose heap is new. False: nothing was refused, so n was beyond the last call.
 */
static bool try_at(uint32_t n, uint64_t seed, void (*script)(uint32_t n)) {
    pid_t pid = fork();
    if (pid == 0) {
        script(n);
        work(seed);
        bool hit = fake_counts.refusals > 0 || fake_counts.failures > 0;
        end();
        _exit(hit ? HIT : BEYOND);
    }
    int status = 1;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == HIT || WEXITSTATUS(status) == BEYOND));
    return WEXITSTATUS(status) == HIT;
}

/* Every call up to FULL_TRIES, and then ever fewer, until there was none. */
static void fail_each(uint64_t seed, void (*script)(uint32_t n)) {
    uint32_t stride = FULL_TRIES / test_rounds(FULL_TRIES), tried = 0;
    for (uint32_t n = 1; try_at(n, seed, script); n += stride + n / FULL_TRIES * stride) tried++;
    CHECK(tried * stride >= 5);
}

static void one_purge(uint32_t n) {
    fake.fail_purge = n;
}
static void purges_from(uint32_t n) {
    fake.fail_purge = n;
    fake.fail_purge_run = UINT32_MAX / 2;
}
static void three_purges_with_large_pages(uint32_t n) {
    fake.page_bytes = 65536;
    fake.fail_purge = n;
    fake.fail_purge_run = 3;
}
static void one_request(uint32_t n) {
    fake.fail_at = n;
}
static void requests_from(uint32_t n) {
    fake.fail_at = n;
    fake.fail_run = UINT32_MAX / 2;
}
static void purge_and_request(uint32_t n) {
    fake.fail_purge = n;
    fake.fail_purge_run = 2;
    fake.fail_each = 5;
}

TEST(each_purge_fails_once) {
    fail_each(7, one_purge);
}
TEST(each_purge_fails_and_all_after_it) {
    fail_each(8, purges_from);
}
TEST(purges_of_large_pages_fail) {
    fail_each(9, three_purges_with_large_pages);
}
TEST(each_request_fails_once) {
    fail_each(10, one_request);
}
TEST(each_request_fails_and_all_after_it) {
    fail_each(11, requests_from);
}

/* Some request fails in any case, so there is no last one. */
TEST(purges_fail_among_failing_requests) {
    for (uint32_t n = 1; n < test_rounds(FULL_TRIES); n++) CHECK(try_at(n, 14, purge_and_request));
}
