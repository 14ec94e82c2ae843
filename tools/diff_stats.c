/* What changed between two statistics in JSON. */
/* SPDX-License-Identifier: MIT */
#include "diff_stats.h"
#include "json_numbers.h"
#include "profile_file.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change {
    uint32_t path;
    double before, after;
};

bool diff_is_json(const char *path) {
    FILE *file = fopen(path, "re");
    int letter = ' ';
    while (file && (letter == ' ' || letter == '\n' || letter == '\t' || letter == '\r')) letter = getc(file);
    if (file) fclose(file);
    return letter == '{';
}

static bool read_stats(struct json_numbers *numbers, struct names *names, const char *path) {
    size_t length = 0;
    uint64_t time_ns;
    char *text = profile_file_bytes(path, &length, &time_ns);
    const char *fault = text ? json_numbers_read(numbers, names, text, length) : strerror(errno);
    free(text);
    if (fault) fprintf(stderr, "heapalloc diff: %s: %s\n", path, fault);
    return !fault;
}

static int order_numbers(const void *left, const void *right) {
    const struct change *one = left, *other = right;
    double first = fabs(one->after - one->before), second = fabs(other->after - other->before);
    if (first != second) return first < second ? 1 : -1;
    return (one->path > other->path) - (one->path < other->path);
}

static void print_changes(const struct names *names, struct change *changes, size_t count, size_t rows) {
    size_t changed = 0;
    qsort(changes, count, sizeof(*changes), order_numbers);
    while (changed < count && changes[changed].after != changes[changed].before) changed++;
    printf("%zu numbers changed, %zu did not\n", changed, count - changed);
    if (changed > 0) printf("%16s %16s %16s  %s\n", "change", "before", "after", "of");
    for (size_t i = 0; i < changed && i < rows; i++)
        printf("%+16.0f %16.0f %16.0f  %s\n", changes[i].after - changes[i].before, changes[i].before, changes[i].after,
               names_text(names, changes[i].path));
    if (changed > rows) printf("%*s and %zu more\n", 50, "", changed - rows);
}

/* A number is known by its path: those of one path are summed up, and one that is in one file only was 0. */
static bool print_compared(const struct names *names, const struct json_numbers *both, size_t rows, double *growth) {
    struct change *changes = calloc(names->count + 1, sizeof(*changes));
    if (!changes) return false;
    for (uint32_t i = 0; i < names->count; i++) changes[i].path = i;
    for (size_t i = 0; i < both[0].count; i++) changes[both[0].numbers[i].path].before += both[0].numbers[i].value;
    for (size_t i = 0; i < both[1].count; i++) changes[both[1].numbers[i].path].after += both[1].numbers[i].value;
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names_text(names, changes[i].path);
        if (strcmp(name, "live_bytes") == 0 || strcmp(name, "allocated_bytes") == 0)
            *growth += changes[i].after - changes[i].before;
    }
    print_changes(names, changes, names->count, rows);
    free(changes);
    return true;
}

bool diff_stats(const char *before, const char *after, int rows, double *growth) {
    struct names names = {0};
    struct json_numbers both[2] = {{0}, {0}};
    *growth = 0;
    bool good = read_stats(&both[0], &names, before) && read_stats(&both[1], &names, after);
    if (good && !print_compared(&names, both, (size_t)rows, growth)) {
        fprintf(stderr, "heapalloc diff: there is not enough memory\n");
        good = false;
    }
    json_numbers_free(&both[0]);
    json_numbers_free(&both[1]);
    names_free(&names);
    return good;
}
