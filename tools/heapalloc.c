/* The program `heapalloc`: chooses the command. */
/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "diff.h"
#include "explore.h"
#include "export.h"
#include "leaks.h"
#include "look.h"
#include "profile.h"
#include "report.h"
#include "run.h"
#include "shell/shell.h"
#include <heapalloc/heapalloc.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
#define VERSION                     \
    NUMBER(HEAPALLOC_VERSION_MAJOR) \
    "." NUMBER(HEAPALLOC_VERSION_MINOR) "." NUMBER(HEAPALLOC_VERSION_PATCH)

struct subcommand {
    const char *name, *help;
    int (*run)(int argc, char **argv); /* argv[0] is its name */
};

static const struct subcommand subcommands[] = {
    {"run", "run a program under heapalloc, with options", run_run},
    {"check", "is heapalloc active in a process, and its heap whole?", check_run},
    {"stats", "show where the memory of a heap is, in a process or core file", stats_run},
    {"walk", "list every block of that heap", walk_run},
    {"top", "show a process's heap on the terminal, refreshed periodically", top_run},
    {"compare", "run a program on glibc's malloc and on heapalloc, and compare time, memory and faults", compare_run},
    {"profile", "run a program, and then print who allocated", profile_run},
    {"leaks", "run a program, and then print what it lost, and who allocated that", leaks_run},
    {"report", "make a page of a heap profile, or of a process's heap: who allocated, growth, a map", report_run},
    {"diff", "what grew and shrank from one heap profile to another", diff_run},
    {"export", "write a heap profile for pprof, speedscope, flamegraph.pl or massif", export_run},
    {"explore", "a shell over a private heap: allocate, inspect, damage and check it", explore_run},
};

enum { SUBCOMMAND_COUNT = sizeof(subcommands) / sizeof(subcommands[0]) };

static void help(FILE *to) {
    fprintf(to, "usage: heapalloc COMMAND [ARGUMENTS]\n\n");
    for (int i = 0; i < SUBCOMMAND_COUNT; i++) fprintf(to, "  %-10s %s\n", subcommands[i].name, subcommands[i].help);
    fprintf(to, "\n`heapalloc COMMAND --help` tells more. `heapalloc --version` prints " VERSION ".\n");
}

static int unknown(const char *word) {
    const char *nearest = shell_nearest(word, &subcommands[0].name, SUBCOMMAND_COUNT, sizeof(subcommands[0]));
    if (nearest)
        fprintf(stderr, "heapalloc: there is no command `%s`; did you mean `%s`?\n", word, nearest);
    else
        fprintf(stderr, "heapalloc: there is no command `%s`; `heapalloc --help` lists them\n", word);
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : NULL;
    if (!word) {
        help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        help(stdout);
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        puts(VERSION);
        return 0;
    }
    for (int i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(word, subcommands[i].name) == 0) return subcommands[i].run(argc - 1, argv + 1);
    }
    return unknown(word);
}
