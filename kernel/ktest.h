/* Tests inside the machine: found in a linker section, reported as TAP on the console. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct ktest {
    const char *suite;
    const char *name; /* what holds when it passes */
    void (*run)(void);
};

/* KTEST(timer, ticks_arrive_on_every_core) { ... }
 * A test of the suites `control` and `misuse` runs only when asked for by name: it fails, hangs or
 * panics on purpose, so that the runner on the host can prove it would notice. Those of `region` need hole= and those
 * of `beyond` need beyond=, of `callers` callers=, and run by name too. */
#define KTEST(suite_, name_)                                                                                \
    static void test_##suite_##_##name_(void);                                                              \
    __attribute__((section("ktests"), used, aligned(sizeof(void *)))) /* an array, not elements */          \
    static const struct ktest test_##suite_##_##name_##_entry = {#suite_, #name_, test_##suite_##_##name_}; \
    static void test_##suite_##_##name_(void)

/* From any core. The report names the first that fails. */
#define expect(condition) ktest_expect((condition), #condition, __FILE_NAME__, __LINE__)
#define require(condition)              \
    do {                                \
        if (!expect(condition)) return; \
    } while (0)

bool ktest_expect(bool holds, const char *what, const char *file, int line);

/* Run the tests whose suite.name begins with one of the comma-separated `pattern`s, or all.
 * Returns the exit code. */
uint64_t ktest_run(const char *pattern);

/* A small random number generator, seeded by the boot arguments; the same on every run. */
struct random {
    uint64_t state;
};
struct random random_seeded(uint64_t salt);
uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t bound);
