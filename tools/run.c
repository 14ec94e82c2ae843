/* `heapalloc run`: a program under heapalloc. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run.h"
#include "library.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127, OPTIONS_BYTES = 4096 };

static const char usage[] =
    "usage: heapalloc run [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
    "\n"
    "Runs a program with the library preloaded. The exit code is the program's, or 127 if there is no such program,\n"
    "126 if it cannot be run.\n"
    "\n"
    "  -s, --stats[=TEXT]    report at exit where the memory is; json, or a path with %p and %e\n"
    "  -v, --verbose         print at start that heapalloc is active, from which file\n"
    "  -o, --options LIST    options as in HEAPALLOC=LIST, which it adds to; `-o help` lists them\n"
    "  -l, --library NAME    default, fast or hardened\n"
    "      --print           only print the environment that would be set\n"
    "  -h, --help            this text\n";

struct wish {
    char options[OPTIONS_BYTES];
    const char *library;
    bool prints;
};

/* False: they are too long. */
static bool add_option(struct wish *wish, const char *name, const char *value) {
    size_t length = strlen(wish->options);
    int more = snprintf(wish->options + length, sizeof(wish->options) - length, "%s%s%s%s", length ? "," : "", name,
                        value ? "=" : "", value ? value : "");
    return more >= 0 && (size_t)more < sizeof(wish->options) - length;
}

static int wrong(const char *text, const char *word) {
    fprintf(stderr, "heapalloc run: %s%s; `heapalloc run --help` tells more\n", text, word);
    return EXIT_USAGE;
}

/* 0: go on; else the exit code, 1 more. */
static int read_options(int argc, char **argv, struct wish *wish) {
    static const struct option longs[] = {
        {"stats", optional_argument, NULL, 's'},
        {"verbose", no_argument, NULL, 'v'},
        {"options", required_argument, NULL, 'o'},
        {"library", required_argument, NULL, 'l'},
        {"print", no_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool fits = true;
    for (int letter; fits && (letter = getopt_long(argc, argv, "+:s::vo:l:h", longs, NULL)) != -1;) {
        switch (letter) {
        case 's': fits = add_option(wish, "stats", optarg); break;
        case 'v': fits = add_option(wish, "verbose", NULL); break;
        case 'o': fits = add_option(wish, optarg, NULL); break;
        case 'l': wish->library = optarg; break;
        case 'p': wish->prints = true; break;
        case 'h': fputs(usage, stdout); return 1;
        case ':': return 1 + wrong("there is no value for ", argv[optind - 1]);
        default: return 1 + wrong("there is no option ", argv[optind - 1]);
        }
    }
    return fits ? 0 : 1 + wrong("the options are too long", "");
}

static const char *file_of(const char *library) {
    if (!library || strcmp(library, "default") == 0) return "libheapalloc.so";
    if (strcmp(library, "fast") == 0) return "libheapalloc-fast.so";
    return strcmp(library, "hardened") == 0 ? "libheapalloc-hardened.so" : NULL;
}

int run_run(int argc, char **argv) {
    static struct wish wish;
    char library[PATH_MAX], program[PATH_MAX];
    int code = read_options(argc, argv, &wish);
    if (code) return code - 1;
    const char *name = file_of(wish.library);
    if (!name) return wrong("there is no library ", wish.library);
    if (optind == argc && !wish.prints) return wrong("there is no program to run", "");
    if (!library_find(name, library, sizeof(library))) {
        fprintf(stderr, "heapalloc run: cannot find %s; HEAPALLOC_LIBRARY=PATH may say where it is\n", name);
        return EXIT_CANNOT_RUN;
    }
    if (!library_preload(library, wish.options)) return wrong("there is no memory for the environment", "");
    if (wish.prints) {
        printf("LD_PRELOAD=%s\n", getenv("LD_PRELOAD"));
        if (getenv("HEAPALLOC")) printf("HEAPALLOC=%s\n", getenv("HEAPALLOC"));
        return 0;
    }
    if (!library_find_program(argv[optind], program, sizeof(program))) {
        fprintf(stderr, "heapalloc run: there is no program %s\n", argv[optind]);
        return EXIT_NOT_FOUND;
    }
    const char *refusal = library_refusal(program);
    if (refusal) fprintf(stderr, "heapalloc run: %s %s; it runs without heapalloc\n", program, refusal);
    execv(program, argv + optind);
    fprintf(stderr, "heapalloc run: cannot run %s: %s\n", program, strerror(errno));
    return EXIT_CANNOT_RUN;
}
