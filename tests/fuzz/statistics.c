/* Fuzzing: an input is one or two statistics in JSON, divided by a 0, which `heapalloc diff` reads and compares.
 * Their numbers must have names, and be numbers. Built and run by ci/fuzz.sh. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "diff_stats.h"
#include "json_numbers.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int files[2];
static char paths[2][64];

static _Noreturn void wrong(const char *what) {
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

/* True: it is whole. */
static bool check(const char *text, size_t length) {
    struct names names = {0};
    struct json_numbers numbers;
    const char *fault = json_numbers_read(&numbers, &names, text, length);
    if (fault && !fault[0]) wrong("a text is refused without a reason");
    for (size_t i = 0; i < numbers.count; i++) {
        if (!isfinite(numbers.numbers[i].value)) wrong("a number is none");
        if (numbers.numbers[i].path >= names.count) wrong("a number has no name");
        if (strlen(names_text(&names, numbers.numbers[i].path)) >= JSON_PATH_BYTES) wrong("a name is too long");
    }
    json_numbers_free(&numbers);
    names_free(&names);
    return !fault;
}

static void write_file(int which, const char *text, size_t length) {
    if (ftruncate(files[which], 0) != 0 || pwrite(files[which], text, length, 0) != (ssize_t)length) abort();
}

int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerInitialize(int *count, char ***words) {
    (void)count, (void)words;
    for (int i = 0; i < 2; i++) {
        files[i] = memfd_create("statistics", 0);
        if (files[i] < 0) abort();
        snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d", files[i]);
    }
    if (!freopen("/dev/null", "w", stdout)) abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *input, size_t bytes);
int LLVMFuzzerTestOneInput(const unsigned char *input, size_t bytes) {
    const char *text = (const char *)input, *cut = bytes ? memchr(text, 0, bytes) : NULL;
    size_t first = cut ? (size_t)(cut - text) : bytes, rest = cut ? bytes - first - 1 : 0;
    const char *second = cut ? cut + 1 : text;
    double growth;
    bool whole = check(text, first);
    if (!check(second, cut ? rest : first) || !whole) return 0;
    write_file(0, text, first);
    write_file(1, second, cut ? rest : first);
    if (!diff_is_json(paths[0])) return 0;
    if (!diff_stats(paths[0], paths[1], 20, &growth)) wrong("what was read alone cannot be compared");
    if (!cut && growth != 0) wrong("what is compared with itself has grown");
    return 0;
}
