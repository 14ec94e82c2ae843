/* Reads the options of `heapalloc profile` and `heapalloc leaks`. */
/* SPDX-License-Identifier: MIT */
#include "profile_wish.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int profile_wrong(const struct profile_wish *wish, const char *text, const char *word) {
    fprintf(stderr, "heapalloc %s: %s%s; `heapalloc %s --help` tells more\n", wish->command, text, word, wish->command);
    return PROFILE_EXIT_USAGE;
}

bool profile_read_options(int argc, char **argv, struct profile_wish *wish, int *code) {
    static const struct option longs[] = {
        {"rows", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {"bytes", required_argument, NULL, 'b'},
        {"allocated", no_argument, NULL, 'a'},
        {"out", required_argument, NULL, 'o'},
        {"process", required_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    *code = PROFILE_EXIT_USAGE;
    for (int letter; (letter = getopt_long(argc, argv, wish->letters, longs, NULL)) != -1;) {
        if (!strchr(wish->letters, letter)) letter = '?';
        switch (letter) {
        case 'b': wish->bytes = optarg; break;
        case 'a': wish->by_allocated = true; break;
        case 'o': wish->out = optarg; break;
        case 'p': wish->process = optarg; break;
        case 'n': wish->rows = atoi(optarg); break;
        case 'h':
            fputs(wish->usage, stdout);
            *code = 0;
            return false;
        case ':': return profile_wrong(wish, "there is no value for ", argv[optind - 1]), false;
        default: return profile_wrong(wish, "there is no option ", argv[optind - 1]), false;
        }
    }
    if (wish->rows <= 0) return profile_wrong(wish, "--rows takes a number above 0", ""), false;
    if (wish->bytes[strspn(wish->bytes, "0123456789KMkm")])
        return profile_wrong(wish, "these are no bytes: ", wish->bytes), false;
    if (wish->process && optind < argc)
        return profile_wrong(wish, "with --process there is no program to run: ", argv[optind]), false;
    if (optind == argc && !wish->process) return profile_wrong(wish, "there is no program to run", ""), false;
    return true;
}
