/* Tests inside the machine: found in a linker section, reported as TAP on the console. */
/* SPDX-License-Identifier: MIT */
#include "ktest.h"
#include "console.h"
#include "kernel.h"
#include "psci.h"
#include <stddef.h>
#include <string.h>

extern const struct ktest __ktests_start[], __ktests_end[];

/* ---- one test -------------------------------------------------------------------------------- */

static struct {
    uint32_t count; /* of the running test */
    const char *what, *file;
    int line;
} failed;

bool ktest_expect(bool holds, const char *what, const char *file, int line) {
    if (holds) return true;
    if (__atomic_fetch_add(&failed.count, 1, __ATOMIC_ACQ_REL) == 0) {
        failed.what = what;
        failed.file = file;
        failed.line = line;
    }
    return false;
}

static bool run_one(uint32_t number, const struct ktest *test) {
    failed.count = 0;
    test->run();
    if (failed.count == 0)
        kprintf("ok %u %s.%s\n", number, test->suite, test->name);
    else
        kprintf("not ok %u %s.%s # %s:%d: %s\n", number, test->suite, test->name, failed.file, failed.line,
                failed.what);
    return failed.count == 0;
}

/* ---- which ----------------------------------------------------------------------------------- */

/* Does "suite.name" begin with the `length` letters at `pattern`? */
static bool begins_with(const struct ktest *test, const char *pattern, size_t length) {
    size_t suite = strlen(test->suite);

    if (length <= suite) return strncmp(test->suite, pattern, length) == 0;
    return strncmp(test->suite, pattern, suite) == 0 && pattern[suite] == '.' &&
           strncmp(test->name, pattern + suite + 1, length - suite - 1) == 0;
}

static bool runs_by_name_only(const struct ktest *test) {
    static const char *const suites[] = {"control", "misuse", "region", "beyond", "callers"};

    for (uint32_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (strcmp(test->suite, suites[i]) == 0) return true;
    return false;
}

static bool is_wanted(const struct ktest *test, const char *pattern) {
    if (strcmp(pattern, "all") == 0) return !runs_by_name_only(test);
    for (;;) {
        const char *comma = strchr(pattern, ',');
        size_t length = comma != NULL ? (size_t)(comma - pattern) : strlen(pattern);
        if (length > 0 && begins_with(test, pattern, length)) return true;
        if (comma == NULL) return false;
        pattern = comma + 1;
    }
}

uint64_t ktest_run(const char *pattern) {
    uint32_t wanted = 0, number = 0, failures = 0;

    for (const struct ktest *test = __ktests_start; test < __ktests_end; test++) wanted += is_wanted(test, pattern);
    kprintf("1..%u\n", wanted);
    for (const struct ktest *test = __ktests_start; test < __ktests_end; test++)
        if (is_wanted(test, pattern)) failures += !run_one(++number, test);
    if (failures > 0 || wanted == 0) {
        kprintf("heapalloc-kernel: FAIL %u of %u tests\n", failures, wanted);
        return EXIT_FAIL;
    }
    kprintf("heapalloc-kernel: PASS %u tests\n", wanted);
    return EXIT_PASS;
}

/* ---- random numbers -------------------------------------------------------------------------- */

/* xorshift64*; its state must never be 0. Source: Vigna, ACM TOMS 42(4), 2016. */
struct random random_seeded(uint64_t salt) {
    uint64_t state = (options.seed + 1) * 0x9e3779b97f4a7c15 ^ salt * 0xd1342543de82ef95;

    return (struct random){state != 0 ? state : 1};
}

uint64_t random_next(struct random *random) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * 0x2545f4914f6cdd1d;
}

uint64_t random_below(struct random *random, uint64_t bound) {
    return (random_next(random) >> 32) * bound >> 32;
}
