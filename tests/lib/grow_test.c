/* Growth: where memory comes from, and what happens after refusals. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include "heap/cache.h"
#include "heap/tick.h"
#include "inspect/verify.h"
#include "span/grow.h"
#include "span/units.h"
#include "test.h"

#define MIB ((size_t)1 << 20)

TEST(nothing_is_mapped_before_the_first_request) {
    CHECK_EQ(fake_counts.requests, 0);
    CHECK_EQ(fake_counts.homes, 0);
    CHECK(!span_unit(&fake));
    CHECK(!span_unit(NULL));
}

TEST(first_block_costs_three_requests_and_little_address_space) {
    t_free(t_malloc(10));
    CHECK_EQ(fake_counts.requests, 3);
    CHECK(fake_counts.memory <= 5 * MIB / 8);
}

TEST(steps_become_larger_as_the_heap_grows) {
    for (int i = 0; i < 400; i++) CHECK(t_malloc(MIB) != NULL);
    CHECK(fake_counts.requests < 120);
    CHECK(fake_counts.memory < 520 * MIB);
}

TEST(span_begins_at_home_and_is_asked_for_once) {
    char *p = t_malloc(10);
    CHECK_EQ(fake_counts.homes, 1);
    CHECK(span_of(p) == &span_home);
    CHECK(span_home.stepwise);
    CHECK_EQ(span_count, 0);
}

TEST(without_a_home_the_span_is_a_reserved_range) {
    fake.has_home = false;
    char *p = t_malloc(10);
    CHECK(span_of(p) == &span_home);
    CHECK(!span_home.stepwise);
    CHECK(fake_counts.memory < 16 * MIB); /* its tables, and little more */
}

TEST(home_where_nothing_can_be_mapped_is_left_for_a_range) {
    fake.fail_at = 1;
    fake.fail_run = 2; /* a step, then just what is needed */
    char *p = t_malloc(10);
    CHECK(p && span_of(p) == &span_home && !span_home.stepwise);
    CHECK_EQ(span_count, 0);
}

/* The third request is for the second table, after the memory and the first one. */
TEST(tables_at_a_home_that_is_left_go_back) {
    fake.fail_at = 3;
    fake.fail_run = 2;
    size_t before = fake_counts.memory;
    CHECK(t_malloc(10) != NULL);
    CHECK(!span_home.stepwise);
    CHECK_EQ(fake_counts.memory - before, span_home.bytes + (size_t)(span_home.base - (char *)(span_home.lines - 1)));
}

TEST(heap_that_got_nothing_at_first_gets_something_later) {
    for (uint32_t run = 1; run < 60; run += 7) {
        fake.fail_at = fake_counts.requests + 1;
        fake.fail_run = run;
        t_malloc(10);
        CHECK(!verify_heap());
    }
    fake.fail_at = 0;
    CHECK(t_malloc(10) != NULL);
}

TEST(further_span_follows_when_home_cannot_grow) {
    char *first = t_malloc(10);
    fake.fail_at = fake_counts.requests + 1;
    fake.fail_run = 2; /* a step, then just what is needed */
    char *second = t_malloc(MIB);
    CHECK(second && span_of(second) != &span_home);
    CHECK_EQ(span_count, 1);
    CHECK(span_unit(second)->memory == second);
    memset(second, 1, MIB);
    t_free(second);
    t_free(first);
}

TEST(block_larger_than_any_span_so_far_gets_one_of_its_own) {
    fake.has_home = false;
    char *small = t_malloc(10), *big = t_malloc(1500 * MIB);
    CHECK(small && big);
    CHECK(span_of(big) != span_of(small));
    big[1500 * MIB - 1] = 1;
    CHECK_EQ(t_malloc_usable_size(big), 1500 * MIB);
    t_free(big);
    t_free(small);
}

/* Repeated requests for too much must not use up the spans, the address space or the tip. */
TEST(refused_requests_cost_nothing) {
    t_free(t_malloc(10));
    fake.memory_max = 64 * MIB;
    fake.space_max = 4096 * MIB;
    for (int i = 0; i < 2000; i++) CHECK(!t_malloc(200 * MIB));
    CHECK_EQ(span_count, 0);
    CHECK(fake_counts.space < 70 * MIB);
    for (int i = 0; i < 20; i++) CHECK(t_malloc(2 * MIB) != NULL);
}

/* Its tables alone would take a fiftieth of its size, and more than there is. */
TEST(size_that_cannot_be_had_leaves_all_to_those_that_can) {
    t_free(t_malloc(10));
    size_t before = fake_counts.memory;
    fake.memory_max = before + 40 * MIB;
    for (unsigned shift = 30; shift < 39; shift++) CHECK(!t_malloc((size_t)1 << shift));
    CHECK_EQ(fake_counts.memory, before);
    for (int i = 0; i < 15; i++) CHECK(t_malloc(2 * MIB) != NULL);
    CHECK(!verify_heap());
}

/* The memory is had, its tables are not: it goes back with those that were mapped. */
TEST(memory_whose_tables_are_refused_goes_back) {
    t_free(t_malloc(10));
    size_t before = fake_counts.memory;
    for (unsigned request = 2; request < 8; request++) {
        fake.fail_at = request;
        fake.fail_run = UINT32_MAX - request;
        CHECK(!t_malloc(80 * MIB));
        CHECK_EQ(fake_counts.memory, before);
    }
    fake.fail_at = fake.fail_run = 0;
    t_free(t_malloc(80 * MIB));
    CHECK(!verify_heap());
}

TEST(refused_requests_cost_nothing_in_further_spans_either) {
    fake.has_home = false;
    t_free(t_malloc(10));
    size_t space = fake_counts.space;
    fake.memory_max = fake_counts.memory + 40 * MIB;
    for (unsigned i = test_rounds(2000); i > 0; i--) CHECK(!t_malloc(1100 * MIB));
    CHECK_EQ(span_count, 0);
    CHECK_EQ(fake_counts.space, space);
    for (int i = 0; i < 15; i++) CHECK(t_malloc(2 * MIB) != NULL);
}

/* All memory can be allocated, up to the last step. */
/* Ranges are to be had, memory is not: one further span of the size wished, one of the least, then NULL. */
TEST(refused_memory_is_not_asked_for_in_every_size) {
    fake.memory_max = 4 * MIB;
    while (t_malloc(100000)) {
    }
    uint32_t before = fake_counts.requests;
    for (int i = 0; i < 10; i++) CHECK(!t_malloc(200000));
    CHECK(fake_counts.requests - before <= 10 * 40);
    CHECK(!verify_heap());
}

TEST(memory_is_used_up_to_the_limit) {
    fake.memory_max = 20 * MIB;
    size_t sum = 0;
    while (t_malloc(100000)) sum += 100000;
    CHECK(sum > 18 * MIB);
    CHECK(fake_counts.memory + 128 * 1024 >= fake.memory_max);
    while (t_malloc(100)) sum += 100;
    CHECK(sum > 19 * MIB);
    CHECK(!verify_heap());
}

TEST(every_size_of_address_space_is_used) {
    fake.has_home = false;
    fake.space_max = 6 * MIB + 300 * 1024;
    size_t sum = 0;
    while (t_malloc(5000)) sum += 5000;
    CHECK(sum > 4 * MIB);
    CHECK(!verify_heap());
}

TEST(spans_run_out_without_harm) {
    fake.has_home = false;
    fake.space_max = (size_t)4 << 20;
    void *last = NULL;
    for (int i = 0; i < 400; i++) {
        fake.space_max = fake_counts.space + (512 << 10); /* each span may be half a megabyte */
        void *p = t_malloc(200 << 10);
        if (p) last = p;
    }
    CHECK(last != NULL);
    CHECK(span_count <= SPANS_MAX);
    CHECK(!verify_heap());
    t_free(last);
    CHECK(t_malloc(200 << 10) != NULL);
}

TEST(first_block_of_every_span_has_its_line_and_slot) {
    fake.has_home = false;
    for (int i = 0; i < 20; i++) {
        fake.space_max = fake_counts.space + (1 << 20);
        char *p = t_malloc(300 << 10);
        if (!p) continue;
        struct span *span = span_of(p);
        CHECK(span && span_unit(p) == span_line(span, (size_t)(p - span->base)));
        CHECK(span_line_memory(span_unit(p)) == p);
        CHECK(span_of_slot(span_slot(span, p)) == span);
        CHECK(span_slot_memory(span, span_slot(span, p)) == p);
        CHECK_EQ(span->lines[-1].kind, UNIT_EDGE);
    }
    CHECK(span_count > 2);
}

/* The tables grow a step at a time; there are lines and slots at the borders of steps too. */
TEST(tables_reach_as_far_as_the_memory) {
    for (int i = 0; i < 60; i++) {
        CHECK(t_malloc(MIB - 100) != NULL);
        CHECK(span_home.tabled_units >= span_home.bytes >> UNIT_SHIFT);
        volatile uint8_t *kind = &span_home.lines[span_home.bytes >> UNIT_SHIFT].kind;
        volatile uint32_t *before = &span_home.slots[span_home.bytes >> GRANULE_SHIFT].before;
        CHECK(*kind == 0 || *before == 0);
    }
    CHECK(span_home.tabled_units > 3000);
}
