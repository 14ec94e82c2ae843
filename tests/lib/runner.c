/* Runs the tests of a program, each in its own process. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "heap/fast.h"
#include "heap/heap.h"
#include "heap/thread.h"
#include "heap/trim.h"
#include "inspect/spans.h"
#include "inspect/verify.h"
#include "span/units.h"
#include "test.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef HAVE_CMOCKA
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#endif

enum { BLOCKS_MAX = 1 << 16, TESTS_MAX = 200, SECONDS_MAX = 120, SLOW_PERCENT = 20 };
enum { SOUND = 0, WRONG = 1, SOUND_BUT_REFUSED = 7 };

static struct test *first_test, **last_test = &first_test;
static void *blocks[BLOCKS_MAX];
static size_t block_count;
static bool broken, once;
static const char *without; /* a test that is not run */

void test_register(struct test *test) {
    *last_test = test;
    last_test = &test->next;
}

void test_fail(const char *file, int line, const char *text, long long left, long long right) {
    fprintf(stderr, "%s:%d: does not hold: %s", file, line, text);
    if (left != right) fprintf(stderr, " (%lld, %lld)", left, right);
    if (fake.fail_at) fprintf(stderr, " [requests %u.. refused: %u]", fake.fail_at, fake.fail_run);
    fprintf(stderr, "\n");
    _exit(WRONG);
}

unsigned test_rounds(unsigned full) {
    const char *text = getenv("TEST_PERCENT");
    unsigned long percent = text ? strtoul(text, NULL, 10) : 100;
    return full * percent / 100 > 1 ? (unsigned)(full * percent / 100) : 1;
}

void test_leaves_a_broken_heap(void) {
    broken = true;
}

void test_forget(void *p) {
    for (size_t i = block_count; i-- > 0;) {
        if (blocks[i] != p) continue;
        blocks[i] = blocks[--block_count];
        return;
    }
}

static void prove_sound(void) {
    const char *wrong = broken ? NULL : verify_heap();
    if (wrong) test_fail(__FILE__, __LINE__, wrong, 0, 0);
}

/* Units that belong to a slab, to level 2 or to a block. */
static uint32_t units_out(void) {
    uint32_t out = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (walk.line->kind != UNIT_FREE && walk.line->kind != UNIT_META) out += walk.units;
    }
    return out;
}

void test_nothing_is_lost(void) {
    while (block_count > 0) t_free(blocks[--block_count]);
    heap_trim(heap_self->state == HEAP_LIVE ? heap_self : NULL);
    heap_leave();
    heap_trim(NULL);
    prove_sound();
    CHECK_EQ(units_out(), 0);
}

/* The world has no more memory: the heap must be sound nevertheless, and serve again when there is memory. */
static _Noreturn void give_up(void) {
    prove_sound();
    fake.fail_at = 0;
    fake.memory_max = fake.space_max = 0;
    void *again = t_malloc(100);
    CHECK(again != NULL);
    memset(again, 1, 100);
    t_free(again);
    prove_sound();
    test_nothing_is_lost();
    _exit(SOUND_BUT_REFUSED);
}

void *test_must(void *p, const char *file, int line, const char *text) {
    if (!p && fake_counts.failures > 0) give_up();
    if (!p) test_fail(file, line, text, 0, 0);
    if (block_count == BLOCKS_MAX) test_fail(file, line, "room for one more block", 0, 0);
    blocks[block_count++] = p;
    return p;
}

static _Noreturn void run_here(const struct test *test, uint32_t fail_at, uint32_t fail_run) {
    alarm(SECONDS_MAX);
    fake.fail_at = fail_at;
    if (fail_at) fake.fail_run = fail_run;
    test->body();
    prove_sound();
    _exit(fake_counts.failures > 0 ? SOUND_BUT_REFUSED : SOUND);
}

static int run_apart(const struct test *test, uint32_t fail_at, uint32_t fail_run) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) run_here(test, fail_at, fail_run);
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return WRONG;
    if (WIFSIGNALED(status)) fprintf(stderr, "%s: ended by signal %d\n", test->name, WTERMSIG(status));
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : WRONG;
    if (code != SOUND && fail_at)
        if (code != SOUND_BUT_REFUSED)
            fprintf(stderr, "%s: with requests %u.. refused: %u\n", test->name, fail_at, fail_run);
    return code;
}

/* Whether the test passes, both normally and whatever is refused: from each request on, or from each fifth where a
 * build of the tests is slow, since every build runs the same refusals. */
static bool passes(const struct test *test) {
    uint32_t stride = test_rounds(100) < SLOW_PERCENT ? 5 : 1;
    int plain = run_apart(test, 0, 0);
    if (plain != SOUND && plain != SOUND_BUT_REFUSED) return false;
    static const uint32_t runs[] = {1, UINT32_MAX / 2};
    for (int i = 0; test->under_failures && !once && i < 2; i++) {
        int code = SOUND_BUT_REFUSED;
        for (uint32_t n = 1; code == SOUND_BUT_REFUSED; n += stride) code = run_apart(test, n, runs[i]);
        if (code != SOUND) return false;
    }
    return true;
}

static bool is_wanted(const struct test *test, const char *only) {
    if (without && strcmp(without, test->name) == 0) return false;
    return !only || strcmp(only, test->name) == 0;
}

#ifdef HAVE_CMOCKA
static void run_by_cmocka(void **state) {
    assert_true(passes(*state));
}

static int run_all(const char *only) {
    static struct CMUnitTest tests[TESTS_MAX];
    size_t count = 0;
    for (struct test *test = first_test; test && count < TESTS_MAX; test = test->next) {
        if (!is_wanted(test, only)) continue;
        tests[count++] = (struct CMUnitTest){test->name, run_by_cmocka, NULL, NULL, test};
    }
    return count == 0 ? 1 : _cmocka_run_group_tests("lib", tests, count, NULL, NULL);
}
#else
static int run_all(const char *only) {
    int wrong = 0, count = 0;
    for (struct test *test = first_test; test; test = test->next) {
        if (!is_wanted(test, only)) continue;
        bool good = passes(test);
        printf("%s %s\n", good ? "ok    " : "FAILED", test->name);
        wrong += !good;
        count++;
    }
    printf("%d tests, %d failed\n", count, wrong);
    return count == 0 || wrong > 0;
}
#endif

/* PROGRAM [--once] [--without TEST] [TEST [FAIL_AT FAIL_RUN]]: once: nothing is refused; with numbers: just that run,
 * in this very process, for a debugger. */
int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "--once") == 0) {
        once = true;
        count--;
        arguments++;
    }
    if (count > 2 && strcmp(arguments[1], "--without") == 0) {
        without = arguments[2];
        count -= 2;
        arguments += 2;
    }
    if (count == 4) {
        for (struct test *test = first_test; test; test = test->next) {
            if (strcmp(test->name, arguments[1]) == 0)
                run_here(test, (uint32_t)atoi(arguments[2]), (uint32_t)atoi(arguments[3]));
        }
        return 1;
    }
    return run_all(count > 1 ? arguments[1] : NULL);
}
