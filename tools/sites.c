/* Tables of sites. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sites.h"
#include "function_text.h"
#include "profile_file.h"
#include <stdlib.h>
#include <string.h>

enum { FRAMES_SHOWN = 5, FRAMES_MAX = 64, WORD_BYTES = 160, STACK_BYTES = 1 << 14 };

static int order_by(const struct profile_sample *one, const struct profile_sample *other, int value) {
    return (one->values[value] < other->values[value]) - (one->values[value] > other->values[value]);
}

static int order_allocated(const void *left, const void *right) {
    return order_by(left, right, ALL_BYTES);
}

static int order_live(const void *left, const void *right) {
    int order = order_by(left, right, LIVE_BYTES);
    return order ? order : order_allocated(left, right);
}

const char *size_text(double bytes, char *text, size_t room) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    for (; bytes >= 1024 && unit < 4; unit++) bytes /= 1024;
    snprintf(text, room, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
    return text;
}

/* Of functions of the C++ library that call each other only the outermost, which the program has called, is kept.
 * Returns how many are left. */
static size_t leave_out_library(const struct heap_profile *profile, const struct profile_line **lines, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool goes_on = i + 1 < count && function_is_library(names_text(profile->names, lines[i]->function)) &&
                       function_is_library(names_text(profile->names, lines[i + 1]->function));
        if (!goes_on) lines[kept++] = lines[i];
    }
    return kept;
}

void sites_stack_text(const struct heap_profile *profile, const struct profile_sample *sample, char *text,
                      size_t room) {
    const struct profile_line *lines[FRAMES_MAX];
    size_t count = heap_profile_functions(profile, sample, lines, FRAMES_MAX), length = 0;
    count = leave_out_library(profile, lines, count);
    text[0] = 0;
    for (size_t i = 0; i < count && i < FRAMES_SHOWN && length < room; i++) {
        char function[WORD_BYTES];
        const char *file = names_text(profile->names, lines[i]->file), *name = profile_file_name(file);
        const char *comma = i ? " < " : "";
        function_text(names_text(profile->names, lines[i]->function), function, sizeof(function));
        int more = *file ? snprintf(text + length, room - length, "%s%s %s:%u", comma, function, name, lines[i]->number)
                         : snprintf(text + length, room - length, "%s%s", comma, function);
        length += more > 0 ? (size_t)more : 0;
    }
}

void sites_print_stack(const struct heap_profile *profile, const struct profile_sample *sample) {
    char text[STACK_BYTES];
    sites_stack_text(profile, sample, text, sizeof(text));
    puts(text);
}

static void print_site(const struct heap_profile *profile, const struct profile_sample *sample) {
    char live[32], all[32];
    printf("%12s %9.0f %12s %9.0f  ", size_text(sample->values[LIVE_BYTES], live, sizeof(live)),
           sample->values[LIVE_BLOCKS], size_text(sample->values[ALL_BYTES], all, sizeof(all)),
           sample->values[ALL_BLOCKS]);
    sites_print_stack(profile, sample);
}

static void print_head(const struct heap_profile *profile) {
    char live[32], all[32], rate[32];
    printf("%s live, %s allocated in all, by %zu call stacks",
           size_text(heap_profile_sum(profile, LIVE_BYTES), live, sizeof(live)),
           size_text(heap_profile_sum(profile, ALL_BYTES), all, sizeof(all)), profile->sample_count);
    if (profile->rate > 1) printf(" (estimated, a sample in %s)", size_text((double)profile->rate, rate, sizeof(rate)));
    printf("\n%12s %9s %12s %9s  %s\n", "live", "blocks", "allocated", "blocks", "by");
}

bool sites_print(struct heap_profile *profile, int rows, bool by_allocated) {
    if (!profile_name(profile)) return false;
    if (profile->sample_count > 0)
        qsort(profile->samples, profile->sample_count, sizeof(*profile->samples),
              by_allocated ? order_allocated : order_live);
    print_head(profile);
    for (size_t i = 0; i < profile->sample_count && i < (size_t)rows; i++) print_site(profile, &profile->samples[i]);
    if (profile->sample_count > (size_t)rows)
        printf("%*s and %zu more\n", 46, "", profile->sample_count - (size_t)rows);
    return true;
}

/* Print a word, module+0xOFFSET with its name behind it; after the first of a line they are return addresses. */
static void print_word(const char *word, const struct heap_profile *profile, struct symbols *symbols, bool returns) {
    const char *plus = strstr(word, "+0x");
    char module[WORD_BYTES], name[WORD_BYTES];
    size_t length = plus ? (size_t)(plus - word) : 0;
    uint64_t address = 0;
    if (symbols && plus && length < sizeof(module)) {
        memcpy(module, word, length);
        module[length] = 0;
        address = symbols_address(symbols, module, strtoull(plus + 1, NULL, 16));
    }
    if (address) profile_describe(profile, symbols, address - returns, name, sizeof(name));
    fputs(address ? name : word, stdout);
}

static void print_named(char *line, const struct heap_profile *profile, struct symbols *symbols) {
    char *by = strstr(line, " by "), *rest;
    if (!by) {
        fputs(line, stdout);
        return;
    }
    *by = 0;
    printf("%s by ", line);
    bool first = true;
    for (char *word = strtok_r(by + 4, " <\n", &rest); word; word = strtok_r(NULL, " <\n", &rest), first = false) {
        if (!first) fputs(" < ", stdout);
        print_word(word, profile, symbols, !first);
    }
    puts("");
}

bool sites_name(FILE *report, const struct heap_profile *profile, int rows) {
    struct symbols *symbols = profile ? profile_symbols(profile) : NULL;
    char *line = NULL;
    size_t bytes = 0;
    bool leaks = false, within = false;
    while (getline(&line, &bytes, report) > 0) {
        within |= strstr(line, "leaks: ") != NULL;
        leaks |= strstr(line, "]: leaks: ") != NULL;
        if (!within || (line[0] == ' ' && rows-- <= 0)) continue;
        print_named(line, profile, symbols);
    }
    free(line);
    symbols_close(symbols);
    return leaks;
}
