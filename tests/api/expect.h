/* How a test program names its cases and says what must hold; each case runs in its own process. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* CASE(name) { ... } defines a case. CTest reads the names from the source and runs `program name`,
 * so a case that is written is a case that runs. */
struct test_case {
    const char *name;
    void (*run)(void);
};

#define CASE(id)                                                                                                 \
    static void case_##id(void);                                                                                 \
    static const struct test_case entry_##id = {#id, case_##id};                                                 \
    __attribute__((used, section("test_cases"))) static const struct test_case *const listed_##id = &entry_##id; \
    static void case_##id(void)

#define expect(condition) ((condition) ? (void)0 : expect_failed(__FILE__, __LINE__, #condition, expect_context))

/* The state of a loop, printed if an expectation fails in it. */
static size_t expect_context[3] __attribute__((unused));
#define expect_at(a, b, c) \
    (expect_context[0] = (size_t)(a), expect_context[1] = (size_t)(b), expect_context[2] = (size_t)(c))

/* No stdio stream and no malloc: the allocator under test may be the thing that is broken. */
__attribute__((noreturn, unused)) static void expect_failed(const char *file, int line, const char *what,
                                                            const size_t *at) {
    char text[512];
    int length = snprintf(text, sizeof text, "%s:%d: not true: %s  (at %zu, %zu, %zu; errno %d)\n", file, line, what,
                          at[0], at[1], at[2], errno);
    if (length > 0 && write(2, text, (size_t)length) != length) _exit(3);
    _exit(1);
}

extern const struct test_case *const __start_test_cases[];
extern const struct test_case *const __stop_test_cases[];
static char **expect_argv __attribute__((unused));

__attribute__((unused)) static int run_case(int argc, char **argv) {
    expect_argv = argv;
    for (const struct test_case *const *c = __start_test_cases; c < __stop_test_cases; c++)
        if (argc > 1 && strcmp(argv[1], (*c)->name) == 0) {
            (*c)->run();
            return 0;
        }
    return 2;
}

/* The compiler knows malloc; this hides a pointer from it. */
__attribute__((unused)) static inline void *hide(void *pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

__attribute__((unused)) static inline size_t hide_size(size_t size) {
    __asm__ volatile("" : "+r"(size));
    return size;
}

__attribute__((unused)) static int is_aligned(const void *pointer, size_t alignment) {
    return ((uintptr_t)pointer & (alignment - 1)) == 0;
}

__attribute__((unused)) static int is_zero(const void *bytes, size_t count) {
    const unsigned char *p = (const unsigned char *)bytes;
    return count == 0 || (p[0] == 0 && memcmp(p, p + 1, count - 1) == 0);
}

/* How many mappings the process has; read without allocating. */
__attribute__((unused)) static size_t mappings(void) {
    char text[4096];
    size_t lines = 0;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    for (ssize_t got; (got = read(fd, text, sizeof text)) > 0;)
        for (ssize_t i = 0; i < got; i++) lines += text[i] == '\n';
    close(fd);
    return lines;
}
