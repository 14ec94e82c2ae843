/* `heapalloc check`: is heapalloc active in a process? */
/* SPDX-License-Identifier: MIT */
#include "check.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2, LINE_BYTES = 4608 };

static const char usage[] =
    "usage: heapalloc check PID\n"
    "\n"
    "Says whether heapalloc is active in a process, and from which file. The exit code is 0 when it\n"
    "is, 1 when it is not, 2 when the process cannot be looked at.\n";

/* Names by which other allocators' libraries are known. */
static const char *const others[] = {"libjemalloc",        "libmimalloc", "libtcmalloc", "libsnmalloc",
                                     "libhardened_malloc", "libasan",     "libtsan",     "libmsan"};

struct found {
    char ours[LINE_BYTES], other[LINE_BYTES];
    bool any; /* there was a line at all */
};

static void keep(char *to, const char *path) {
    if (!*to) snprintf(to, LINE_BYTES, "%s", path);
}

static void look_at(struct found *found, char *line) {
    char *path = strchr(line, '/');
    line[strcspn(line, "\n")] = 0;
    found->any = true;
    if (!path) return;
    const char *name = strrchr(path, '/') + 1;
    if (strncmp(name, "libheapalloc", 12) == 0) keep(found->ours, path);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strncmp(name, others[i], strlen(others[i])) == 0) keep(found->other, path);
}

static int judge(const struct found *found, long process) {
    if (!found->ours[0]) {
        printf("heapalloc is not in process %ld%s%s\n", process, found->other[0] ? "; there is " : "", found->other);
        printf("  it may be linked statically, started before, setuid, or LD_PRELOAD may name another path\n");
        return 1;
    }
    if (strstr(found->other, "san.so")) {
        printf("heapalloc stands aside in process %ld, whose sanitizer has malloc: %s\n", process, found->other);
        return 1;
    }
    printf("heapalloc is active in process %ld, from %s\n", process, found->ours);
    if (strstr(found->ours, "(deleted)")) printf("  the file was replaced since the process started\n");
    if (found->other[0]) printf("  another allocator's library is loaded, too: %s\n", found->other);
    return 0;
}

int check_run(int argc, char **argv) {
    static struct found found;
    static char line[LINE_BYTES];
    char path[64], *end;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    long process = argc == 2 ? strtol(argv[1], &end, 10) : 0;
    if (argc != 2 || process <= 0 || *end) {
        fprintf(stderr, "heapalloc check: %s is no process; `heapalloc check --help` tells more\n",
                argc == 2 ? argv[1] : "nothing, or more than one word,");
        return EXIT_USAGE;
    }
    snprintf(path, sizeof(path), "/proc/%ld/maps", process);
    FILE *maps = fopen(path, "re");
    while (maps && fgets(line, sizeof(line), maps)) look_at(&found, line);
    bool failed = !maps || ferror(maps);
    if (maps) fclose(maps);
    if (failed) {
        fprintf(stderr, "heapalloc check: process %ld cannot be looked at: %s\n", process,
                errno == ENOENT ? "there is none" : strerror(errno));
        return EXIT_USAGE;
    }
    if (!found.any) {
        fprintf(stderr, "heapalloc check: process %ld has no memory: it is the kernel's, or has ended\n", process);
        return EXIT_USAGE;
    }
    return judge(&found, process);
}
