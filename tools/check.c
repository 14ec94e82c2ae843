/* `heapalloc check`: is heapalloc active in a process, or was it in a crashed one, and is its heap whole? */
/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "core_notes.h"
#include "target_open.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, LINE_BYTES = 4608, BUILD_ID_BYTES = 41 };

static const char usage[] =
    "usage: heapalloc check PID|CORE\n"
    "\n"
    "Says whether heapalloc is active in a process, from which file and build, and whether its heap is whole; the "
    "same\n"
    "of a core file. The exit code is 0 if it is, 1 if it is not, 2 if the process or file cannot be read.\n";

/* Parts of the file names of other allocators' libraries. */
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

/* A running heap changes while it is read: only a fault that is found repeatedly is real. */
static bool is_whole(struct target *target) {
    enum { LOOKS = 5 };
    for (int look = 0; look < LOOKS; look++) {
        target->reader.torn = 0;
        target->reader.fault[0] = 0;
        if (reader_walk(&target->reader, NULL, NULL)) reader_check_lists(&target->reader);
        if (target->reader.torn == 0) return true;
    }
    return false;
}

static const char *build_name(const struct target *target) {
    static const char *const names[] = {"fast", "default", "hardened"};
    return names[target->reader.map.safety];
}

static void say_build(struct target *target) {
    char id[BUILD_ID_BYTES];
    target_build_id(target, id, sizeof(id));
    printf("  it is the %s build%s%s\n", build_name(target), id[0] ? ", build ID " : "", id);
}

/* Prints the build, and the state of the heap itself; 0: it is whole. */
static int judge_inside(struct target *target) {
    say_build(target);
    if (is_whole(target)) {
        printf("  its heap is whole\n");
        return 0;
    }
    printf("  its heap is damaged: %s (%zu in all)\n", target->reader.fault, target->reader.torn);
    return 1;
}

/* The same of a target that has the library, but perhaps no heap yet. */
static int look_inside(const char *word) {
    static struct target target;
    int code = 0;
    if (target_open(&target, word))
        code = judge_inside(&target);
    else
        printf("  its heap cannot be read: %s\n", target.why[0] ? target.why : "it has no heap map");
    target_close(&target);
    return code;
}

static int check_core(const char *path) {
    static struct target target;
    char program[64], file[LINE_BYTES];
    if (!target_open(&target, path) && target.why[0]) {
        fprintf(stderr, "heapalloc check: %s\n", target.why);
        target_close(&target);
        return EXIT_USAGE;
    }
    int code = 1;
    core_program(&target, program, sizeof(program));
    if (target.found) {
        target_file_at(&target, target.module, file, sizeof(file));
        printf("heapalloc was active in core file %s%s%s, from %s\n", path, program[0] ? ", of " : "", program,
               file[0] ? file : "a file that the core file does not name");
        code = judge_inside(&target);
    } else {
        printf("heapalloc is not in core file %s%s%s\n", path, program[0] ? ", of " : "", program);
    }
    target_close(&target);
    return code;
}

/* There is no preloaded file: the program may be linked with the static library. */
static int judge_linked(const char *word, long process) {
    static struct target target;
    bool linked = target_open(&target, word);
    target_close(&target);
    if (!linked) return -1;
    printf("heapalloc is active in process %ld, which is linked with it\n", process);
    return look_inside(word);
}

static int judge(const struct found *found, const char *word, long process) {
    if (!found->ours[0]) {
        int linked = judge_linked(word, process);
        if (linked >= 0) return linked;
        printf("heapalloc is not in process %ld%s%s\n", process, found->other[0] ? "; there is " : "", found->other);
        printf("  it may have been started before, be setuid, or LD_PRELOAD may name another path\n");
        return 1;
    }
    if (strstr(found->other, "san.so")) {
        printf("heapalloc leaves malloc to the sanitizer in process %ld: %s\n", process, found->other);
        return 1;
    }
    printf("heapalloc is active in process %ld, from %s\n", process, found->ours);
    if (strstr(found->ours, "(deleted)")) printf("  the file was replaced since the process started\n");
    if (found->other[0]) printf("  another allocator's library is loaded, too: %s\n", found->other);
    return look_inside(word);
}

int check_run(int argc, char **argv) {
    static struct found found;
    static char line[LINE_BYTES];
    char path[64], *end;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc != 2) {
        fprintf(stderr, "heapalloc check: name a process by its number, or a core file\n");
        return EXIT_USAGE;
    }
    if (argv[1][0] == '-') {
        fprintf(stderr, "heapalloc check: there is no option `%s`; `heapalloc check --help` tells more\n", argv[1]);
        return EXIT_USAGE;
    }
    long process = strtol(argv[1], &end, 10);
    if (access(argv[1], F_OK) == 0) return check_core(argv[1]);
    if (process <= 0 || *end) {
        fprintf(stderr, "heapalloc check: %s is no process, and no file: %s\n", argv[1], strerror(errno));
        return EXIT_USAGE;
    }
    snprintf(path, sizeof(path), "/proc/%ld/maps", process);
    FILE *maps = fopen(path, "re");
    while (maps && fgets(line, sizeof(line), maps)) look_at(&found, line);
    bool failed = !maps || ferror(maps);
    if (maps) fclose(maps);
    if (failed) {
        fprintf(stderr, "heapalloc check: process %ld cannot be read: %s\n", process,
                errno == ENOENT ? "there is none" : strerror(errno));
        return EXIT_USAGE;
    }
    if (!found.any) {
        fprintf(stderr, "heapalloc check: process %ld has no memory: it is the kernel's, or has ended\n", process);
        return EXIT_USAGE;
    }
    return judge(&found, argv[1], process);
}
