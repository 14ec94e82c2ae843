/* `heapalloc diff`: what grew and shrank from one heap profile to another. */
/* SPDX-License-Identifier: MIT */
#include "diff.h"
#include "diff_stats.h"
#include "profile_set.h"
#include "site_pairs.h"
#include "sites.h"
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_FINDING = 1, EXIT_USAGE = 2, ROWS = 20, SIZE_BYTES = 32 };

static const char diff_usage[] =
    "usage: heapalloc diff [OPTIONS] BEFORE AFTER\n"
    "\n"
    "Prints what grew and what shrank from one heap profile to another, by who allocated it, the largest first.\n"
    "The profiles may be of one process or of two. Of two files of statistics in JSON, of `heapalloc stats --json` or\n"
    "the option stats=json, it prints the numbers that changed. The exit code is 0; 1 if --most was given and more\n"
    "has grown; 2 if a file cannot be read.\n"
    "\n"
    "  -a, --allocated   order by all that was allocated, not by what is live\n"
    "  -m, --most N      end with 1 if the sum of what is live grew by more than N bytes, such as 64K\n"
    "  -n, --rows N      print so many rows; the default is 20\n"
    "  -h, --help        this text\n";

struct diff_wish {
    enum profile_value value;
    double most; /* bytes; negative: any growth is fine */
    int rows;
};

static int diff_wrong(const char *text, const char *word) {
    fprintf(stderr, "heapalloc diff: %s%s; `heapalloc diff --help` tells more\n", text, word);
    return EXIT_USAGE;
}

/* Negative: it is no size. */
static double read_size(const char *word) {
    char *end;
    if (word[0] < '0' || word[0] > '9') return -1;
    double bytes = (double)strtoull(word, &end, 10);
    static const char units[] = "KMGT";
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (unit) bytes = ldexp(bytes, 10 * (int)(unit - units + 1)), end++;
    return *end ? -1 : bytes;
}

/* 0: go on; else the exit code, 1 more. */
static int diff_options(int argc, char **argv, struct diff_wish *wish) {
    static const struct option longs[] = {
        {"allocated", no_argument, NULL, 'a'},
        {"most", required_argument, NULL, 'm'},
        {"rows", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int letter; (letter = getopt_long(argc, argv, ":am:n:h", longs, NULL)) != -1;) {
        switch (letter) {
        case 'a': wish->value = ALL_BYTES; break;
        case 'm':
            wish->most = read_size(optarg);
            if (wish->most < 0) return 1 + diff_wrong("these are no bytes: ", optarg);
            break;
        case 'n':
            wish->rows = atoi(optarg);
            if (wish->rows <= 0) return 1 + diff_wrong("--rows takes a number above 0", "");
            break;
        case 'h': fputs(diff_usage, stdout); return 1;
        case ':': return 1 + diff_wrong("there is no value for ", argv[optind - 1]);
        default: return 1 + diff_wrong("there is no option ", argv[optind - 1]);
        }
    }
    return argc - optind == 2 ? 0 : 1 + diff_wrong("name two profiles", "");
}

/* "+12.3 MiB", "-5 B", "0 B" */
static const char *change_text(double change, char *text) {
    char size[SIZE_BYTES];
    double bytes = fabs(change) < 0.5 ? 0 : change;
    snprintf(text, SIZE_BYTES, "%s%.28s",
             bytes > 0   ? "+"
             : bytes < 0 ? "-"
                         : "",
             size_text(fabs(bytes), size, sizeof(size)));
    return text;
}

static void print_sum(const char *name, const struct profile_set *set, const size_t *order, enum profile_value bytes) {
    char from[SIZE_BYTES], to[SIZE_BYTES], change[SIZE_BYTES];
    double before = heap_profile_sum(&set->profiles[order[0]], bytes);
    double after = heap_profile_sum(&set->profiles[order[1]], bytes);
    printf("%-10s %12s -> %12s   %s\n", name, size_text(before, from, sizeof(from)), size_text(after, to, sizeof(to)),
           change_text(after - before, change));
}

static void print_pair(const struct site_pair *pair) {
    char live[SIZE_BYTES], all[SIZE_BYTES];
    printf("%12s %+9.0f %12s %+9.0f  ", change_text(pair->after[LIVE_BYTES] - pair->before[LIVE_BYTES], live),
           pair->after[LIVE_BLOCKS] - pair->before[LIVE_BLOCKS],
           change_text(pair->after[ALL_BYTES] - pair->before[ALL_BYTES], all),
           pair->after[ALL_BLOCKS] - pair->before[ALL_BLOCKS]);
    sites_print_stack(pair->profile, pair->sample);
}

/* How many of the pairs changed; they come first. */
static size_t changed(const struct site_pairs *pairs, enum profile_value value) {
    size_t count = 0;
    while (count < pairs->count && fabs(pairs->pairs[count].after[value] - pairs->pairs[count].before[value]) >= 0.5)
        count++;
    return count;
}

static void print_pairs(const struct site_pairs *pairs, const struct diff_wish *wish) {
    size_t count = changed(pairs, wish->value), grown = 0;
    for (size_t i = 0; i < count; i++)
        grown += pairs->pairs[i].after[wish->value] > pairs->pairs[i].before[wish->value];
    printf("%zu call stacks grew, %zu shrank, %zu did not change\n", grown, count - grown, pairs->count - count);
    if (count > 0) printf("%12s %9s %12s %9s  %s\n", "live", "blocks", "allocated", "blocks", "by");
    for (size_t i = 0; i < count && i < (size_t)wish->rows; i++) print_pair(&pairs->pairs[i]);
    if (count > (size_t)wish->rows) printf("%*s and %zu more\n", 46, "", count - (size_t)wish->rows);
}

/* The set is in the order of times, but what was named first is what was before. */
static int diff_set(const struct profile_set *set, char **paths, const struct diff_wish *wish) {
    size_t first = set->paths[0] == paths[0] ? 0 : 1, order[] = {first, 1 - first};
    const struct heap_profile *before = &set->profiles[order[0]], *after = &set->profiles[order[1]];
    struct site_pairs pairs;
    bool good = site_pairs_make(&pairs, before, after, wish->value);
    if (good) {
        print_sum("live", set, order, LIVE_BYTES);
        print_sum("allocated", set, order, ALL_BYTES);
        print_pairs(&pairs, wish);
    } else {
        fprintf(stderr, "heapalloc diff: there is not enough memory\n");
    }
    site_pairs_free(&pairs);
    double growth = heap_profile_sum(after, LIVE_BYTES) - heap_profile_sum(before, LIVE_BYTES);
    if (!good || fflush(stdout) != 0) return EXIT_USAGE;
    return wish->most >= 0 && growth > wish->most ? EXIT_FINDING : 0;
}

static int diff_json(char **paths, const struct diff_wish *wish) {
    double growth;
    if (!diff_stats(paths[0], paths[1], wish->rows, &growth) || fflush(stdout) != 0) return EXIT_USAGE;
    return wish->most >= 0 && growth > wish->most ? EXIT_FINDING : 0;
}

int diff_run(int argc, char **argv) {
    struct diff_wish wish = {.value = LIVE_BYTES, .most = -1, .rows = ROWS};
    struct profile_set set;
    int code = diff_options(argc, argv, &wish);
    if (code) return code - 1;
    bool json = diff_is_json(argv[optind]);
    if (json != diff_is_json(argv[optind + 1])) return diff_wrong("a profile and statistics cannot be compared", "");
    if (json) return diff_json(argv + optind, &wish);
    code = EXIT_USAGE;
    if (profile_set_read(&set, "diff", argv + optind, 2)) code = diff_set(&set, argv + optind, &wish);
    profile_set_free(&set);
    return code;
}
