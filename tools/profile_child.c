/* Runs a program under the profiler. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "profile_child.h"
#include "library.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_FOUND = 127, SIGNALED = 128 };

int profile_run_child(struct profile_wish *wish, char **words, const char *options, int *code) {
    char library[PATH_MAX], program[PATH_MAX];
    int status;
    *code = PROFILE_CANNOT_RUN;
    if (!library_find("libheapalloc.so", library, sizeof(library)))
        return fprintf(stderr,
                       "heapalloc %s: cannot find libheapalloc.so; HEAPALLOC_LIBRARY=PATH may say where it is\n",
                       wish->command),
               -1;
    if (!library_find_program(words[0], program, sizeof(program))) {
        fprintf(stderr, "heapalloc %s: there is no program %s\n", wish->command, words[0]);
        *code = NOT_FOUND;
        return -1;
    }
    const char *refusal = library_refusal(program);
    if (refusal) return fprintf(stderr, "heapalloc %s: %s %s\n", wish->command, program, refusal), -1;
    pid_t child = wish->child = fork();
    if (child == 0) {
        if (library_preload(library, options)) execv(program, words);
        fprintf(stderr, "heapalloc %s: cannot run %s: %s\n", wish->command, program, strerror(errno));
        _exit(PROFILE_CANNOT_RUN);
    }
    signal(SIGINT, SIG_IGN); /* the terminal sends it to both */
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (child < 0) return fprintf(stderr, "heapalloc %s: cannot fork: %s\n", wish->command, strerror(errno)), -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALED + WTERMSIG(status);
}

bool profile_make_folder(struct profile_folder *folder, const struct profile_wish *wish) {
    const char *parent = getenv("TMPDIR");
    if (!parent || strlen(parent) > sizeof(folder->path) - sizeof("/heapalloc.XXXXXX")) parent = "/tmp";
    snprintf(folder->path, sizeof(folder->path), "%s/heapalloc.XXXXXX", parent);
    if (mkdtemp(folder->path)) return true;
    fprintf(stderr, "heapalloc %s: cannot make the folder %s: %s\n", wish->command, folder->path, strerror(errno));
    return false;
}

void profile_drop_folder(const struct profile_folder *folder) {
    DIR *files = opendir(folder->path);
    for (struct dirent *file; files && (file = readdir(files));) unlinkat(dirfd(files), file->d_name, 0);
    if (files) closedir(files);
    rmdir(folder->path);
}

void profile_path(const struct profile_folder *folder, const struct profile_wish *wish, const char *kind, char *path,
                  size_t bytes) {
    snprintf(path, bytes, "%s/%ld.%s", folder->path, (long)wish->child, kind);
}

int profile_nothing_written(const struct profile_wish *wish, int code) {
    fprintf(stderr, "heapalloc %s: the program wrote nothing: a signal or _exit ended it, or it allocated too little\n",
            wish->command);
    return code;
}
