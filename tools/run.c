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

enum { EXIT_USAGE = 2, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127, OPTIONS_BYTES = 4096, FOLDER_BYTES = 160 };

static const char usage[] =
    "usage: heapalloc run [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
    "\n"
    "Runs a program with the library preloaded. The exit code is the program's, or 127 if there is no such program,\n"
    "126 if it cannot be run. Without -s, -v, -o and -q the program reports at exit where its memory is, and records\n"
    "in the current folder who allocates: heapalloc.PROGRAM.PID.0.heap, and one more each time that a quarter more is\n"
    "live than ever. The report ends with the command that makes a page of them.\n"
    "\n"
    "  -s, --stats[=TEXT]    report at exit where the memory is; json, or a path with %p and %e\n"
    "  -v, --verbose         print at start that heapalloc is active, from which file\n"
    "  -o, --options LIST    options as in HEAPALLOC=LIST, which it adds to; `-o help` lists them\n"
    "  -c, --children        report and record also the programs that it starts, and forks\n"
    "  -q, --quiet           report and record nothing\n"
    "  -t, --trim-after TIME give memory back that was free for so long (5s), although the program sleeps\n"
    "  -l, --library NAME    default, fast or hardened\n"
    "      --print           only print the environment that would be set\n"
    "  -h, --help            this text\n";

struct wish {
    char options[OPTIONS_BYTES];
    const char *library;
    bool prints, with_children;
    bool chosen; /* what to report was said */
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
        {"stats", optional_argument, NULL, 's'},   {"verbose", no_argument, NULL, 'v'},
        {"options", required_argument, NULL, 'o'}, {"trim-after", required_argument, NULL, 't'},
        {"children", no_argument, NULL, 'c'},      {"quiet", no_argument, NULL, 'q'},
        {"library", required_argument, NULL, 'l'}, {"print", no_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    bool fits = true;
    for (int letter; fits && (letter = getopt_long(argc, argv, "+:s::vo:t:cql:h", longs, NULL)) != -1;) {
        wish->chosen |= strchr("svoq", letter) != NULL;
        switch (letter) {
        case 's': fits = add_option(wish, "stats", optarg); break;
        case 'v': fits = add_option(wish, "verbose", NULL); break;
        case 'o': fits = add_option(wish, optarg, NULL); break;
        case 'c': wish->with_children = true; break;
        case 'q': break;
        case 't': fits = add_option(wish, "background", "always") && add_option(wish, "purge", optarg); break;
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

/* Copy the current folder and a slash, as an option's value; nothing, if it is too long or has what ends a value. */
static void put_folder(char *to, size_t bytes) {
    char folder[PATH_MAX];
    *to = 0;
    if (!getcwd(folder, sizeof(folder)) || folder[0] != '/' || folder[strcspn(folder, ", \t\r\n%#")]) return;
    if (strlen(folder) + 2 <= bytes) snprintf(to, bytes, "%s%s", folder, folder[1] ? "/" : "");
}

/* Report and record, unless the environment says otherwise: its options are behind these. The process keeps its number
 * when the program is executed, and when that executes another. False: there is no memory, or too many options. */
static bool add_usual(const struct wish *wish, const char *library) {
    char list[OPTIONS_BYTES], folder[FOLDER_BYTES];
    const char *given = getenv("HEAPALLOC");
    put_folder(folder, sizeof(folder));
    bool records = strcmp(library, "libheapalloc-fast.so") != 0;
    int length = snprintf(list, sizeof(list), "stats");
    if (records)
        length += snprintf(list + length, sizeof(list) - (size_t)length,
                           ",profile=%sheapalloc.%%e.%%p.%%n.heap,profile_bytes=128K,profile_peak=25%%", folder);
    if (!wish->with_children)
        length += snprintf(list + length, sizeof(list) - (size_t)length, ",pid=%ld", (long)getpid());
    if (given && *given) length += snprintf(list + length, sizeof(list) - (size_t)length, ",%s", given);
    return (size_t)length < sizeof(list) && setenv("HEAPALLOC", list, 1) == 0;
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
    if (!wish.chosen && !add_usual(&wish, name)) return wrong("the options are too long", "");
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
