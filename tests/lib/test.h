/* How a unit test of lib/ is written. Each test runs in a process of its own, because the heap is one per process and
 * cannot be reset; cmocka is the runner where there is one, a few lines of our own where there is none.
 *
 *   TEST(given_block_is_taken_next) { ... CHECK(...) ... }      a heap of its own, proved sound at the end
 *   HEAP_TEST(name) { void *p = MUST(t_malloc(10)); ... }       the same; then again for n = 1, 2, 3 ... with the n-th
 *                                                              request for memory refused, and with all from the
 *                                                              n-th on, until none was refused
 * MUST() ends a run at the first NULL that a refusal explains: the heap must be sound then, must have all blocks
 * back once they are freed, and must serve again. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "fake/fake.h"
#include "fake/family.h"
#include <stdio.h>
#include <string.h>

struct test {
    const char *name;
    void (*body)(void);
    int under_failures;
    struct test *next;
};

void test_register(struct test *test);
_Noreturn void test_fail(const char *file, int line, const char *text, long long left, long long right);
void *test_must(void *p, const char *file, int line, const char *text);
void test_forget(void *p);

/* Free all blocks that MUST() has seen, and check that nothing is lost. */
void test_nothing_is_lost(void);

/* TEST_PERCENT of `full`, at least one; all of it unless the environment says otherwise. For loops whose rounds all
 * test the same, where a sanitizer or an emulator makes each expensive. */
unsigned test_rounds(unsigned full);

/* The test breaks the heap, so its end proves nothing. */
void test_leaves_a_broken_heap(void);

#define CHECK(condition)                                                   \
    do {                                                                   \
        if (!(condition)) test_fail(__FILE__, __LINE__, #condition, 0, 0); \
    } while (0)

#define CHECK_EQ(left, right)                                                                           \
    do {                                                                                                \
        long long left_is = (long long)(left), right_is = (long long)(right);                           \
        if (left_is != right_is) test_fail(__FILE__, __LINE__, #left " == " #right, left_is, right_is); \
    } while (0)

/* Must hold unless the world has refused something in this run. */
#define CHECK_CALM(condition) CHECK(fake_counts.failures > 0 || (condition))

#define MUST(expression) test_must((expression), __FILE__, __LINE__, #expression)

/* Free a block that MUST() has seen. */
#define FREE(p)             \
    do {                    \
        void *freed = (p);  \
        test_forget(freed); \
        t_free(freed);      \
    } while (0)

#define TEST_OF(id, failures)                                      \
    static void id(void);                                          \
    static struct test id##_test = {#id, id, failures, NULL};      \
    __attribute__((constructor)) static void id##_register(void) { \
        test_register(&id##_test);                                 \
    }                                                              \
    static void id(void)

#define TEST(id) TEST_OF(id, 0)
#define HEAP_TEST(id) TEST_OF(id, 1)
