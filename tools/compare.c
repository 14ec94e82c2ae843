/* `heapalloc compare`: a program on glibc's malloc and on heapalloc in turn. ci/compare.sh, which is installed with the
 * program, does the work: this file finds it, and the library. */
/* SPDX-License-Identifier: MIT */
#include "library.h"
#include "look.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_NOT_RUN = 126, EXIT_NOT_FOUND = 127, ARGUMENTS_BEFORE = 4 };

static const char usage[] =
    "usage: heapalloc compare [-r ROUNDS] [-l default|fast|hardened] [--] PROGRAM [ARGUMENTS]\n"
    "\n"
    "Runs a program on glibc's malloc and on heapalloc in turn, each with the same input, and reports time, memory "
    "and\n"
    "page faults of both: the median of the rounds, the least and the most.\n"
    "  -r ROUNDS   5 or more; the default is 5\n"
    "  -l LIBRARY  which build\n"
    "The exit code is 0 if the program ends and prints the same on both, 1 if it does not, 2 if an argument is\n"
    "wrong, 127 if there is no such program. It needs bash, awk and GNU time (/usr/bin/time).\n";

struct comparison {
    const char *rounds, *library;
    int program; /* index of its word; 0: none */
};

/* NULL, or the word that is wrong. */
static const char *understand(struct comparison *comparison, int argc, char **argv) {
    static const char *const names[][2] = {
        {"default", "libheapalloc.so"}, {"fast", "libheapalloc-fast.so"}, {"hardened", "libheapalloc-hardened.so"}};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i += 2) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "-r") == 0 && value[strspn(value, "0123456789")] == 0 && atol(value) >= 5) {
            comparison->rounds = value;
        } else if (strcmp(argv[i], "-l") == 0) {
            size_t name = 0;
            while (name < 3 && strcmp(value, names[name][0]) != 0) name++;
            if (name == 3) return argv[i];
            comparison->library = names[name][1];
        } else {
            return argv[i];
        }
    }
    if (i < argc) comparison->program = i;
    return NULL;
}

/* Next to the program in a build, and where it is installed. */
static bool find_script(char *path, size_t bytes) {
    static const char *const places[] = {"../libexec/heapalloc/compare.sh", "../ci/compare.sh"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length <= 0) return false;
    self[length] = 0;
    *strrchr(self, '/') = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if ((size_t)snprintf(path, bytes, "%s/%s", self, places[i]) < bytes && access(path, R_OK) == 0) return true;
    return false;
}

static int compare(const struct comparison *comparison, int argc, char **argv) {
    char script[PATH_MAX + 64], library[PATH_MAX], program[PATH_MAX];
    if (!find_script(script, sizeof(script)) || !library_find(comparison->library, library, sizeof(library))) {
        fprintf(stderr, "heapalloc compare: cannot find %s, or compare.sh, beside this program\n", comparison->library);
        return EXIT_NOT_RUN;
    }
    if (!library_find_program(argv[comparison->program], program, sizeof(program))) {
        fprintf(stderr, "heapalloc compare: there is no program %s\n", argv[comparison->program]);
        return EXIT_NOT_FOUND;
    }
    const char *refusal = library_refusal(program);
    if (refusal) {
        fprintf(stderr, "heapalloc compare: %s %s\n", program, refusal);
        return EXIT_NOT_RUN;
    }
    const char **words = calloc((size_t)(argc - comparison->program) + ARGUMENTS_BEFORE + 2, sizeof(*words));
    if (!words) return EXIT_NOT_RUN;
    int count = 0;
    words[count++] = "bash";
    words[count++] = script;
    words[count++] = "--rounds";
    words[count++] = comparison->rounds;
    words[count++] = library;
    for (int i = comparison->program; i < argc; i++) words[count++] = argv[i];
    execvp("bash", (char **)words);
    fprintf(stderr, "heapalloc compare: bash cannot be run: %s\n", strerror(errno));
    free(words);
    return EXIT_NOT_RUN;
}

int compare_run(int argc, char **argv) {
    struct comparison comparison = {.rounds = "5", .library = "libheapalloc.so"};
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    const char *wrong = understand(&comparison, argc, argv);
    if (wrong || !comparison.program) {
        fprintf(stderr, "heapalloc compare: %s%s; `heapalloc compare --help` tells more\n",
                wrong ? "no such option, or no such value: " : "no program to compare", wrong ? wrong : "");
        return EXIT_USAGE;
    }
    return compare(&comparison, argc, argv);
}
