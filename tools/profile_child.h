/* Runs a program under the profiler, and keeps what the library writes about it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "profile_wish.h"
#include <stddef.h>

enum { PROFILE_CANNOT_RUN = 126, PROFILE_PATH_BYTES = 96 };

/* A folder for what the library writes: PID.profile and PID.report, of the program and of those that it starts. */
struct profile_folder {
    char path[64];
};

/* False: there is none, which was said. */
bool profile_make_folder(struct profile_folder *folder, const struct profile_wish *wish);
void profile_drop_folder(const struct profile_folder *folder);

/* The name of the file of a kind, "profile" or "report", that the program itself wrote. */
void profile_path(const struct profile_folder *folder, const struct profile_wish *wish, const char *kind, char *path,
                  size_t bytes);

/* Say that there is no such file; returns `code`. */
int profile_nothing_written(const struct profile_wish *wish, int code);

/* Run the program with these options, and wait for it. Returns its exit code; -1: it did not run, *code says why. */
int profile_run_child(struct profile_wish *wish, char **words, const char *options, int *code);
