/* The small heap's tests in a process.
 *
 *   small_test             all tests of the suite `small`
 *   small_test NAME        that test: a misuse ends by port_stop() with a sentence */
/* SPDX-License-Identifier: MIT */
#include "small_test.h"
#include <heapalloc/port.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct ktest __start_ktests[], __stop_ktests[]; /* the linker's */

/* The three functions of port.h that this heap needs. */
uint64_t port_random(void) {
    return 4711;
}
bool port_on_stack(const void *p) {
    const char *here = __builtin_frame_address(0);
    return (const char *)p >= here && (const char *)p < here + 65536;
}
_Noreturn void port_stop(const char *text, size_t length) {
    fwrite(text, 1, length, stderr);
    exit(99);
}

bool ktest_expect(bool holds, const char *what, const char *file, int line) {
    if (holds) return true;
    printf("%s:%d: does not hold: %s (check: %s)\n", file, line, what, small_check());
    exit(1);
}

int main(int count, char **arguments) {
    const char *name = count > 1 ? arguments[1] : NULL;
    int runs = 0;
    for (const struct ktest *test = __start_ktests; test < __stop_ktests; test++) {
        if (strcmp(name ? test->name : test->suite, name ? name : "small") != 0) continue;
        test->run();
        runs++;
    }
    if (name || runs == 0) return printf("%s was not noticed\n", name ? name : "all"), 1;
    printf("small: PASS %d tests\n", runs);
    return 0;
}
