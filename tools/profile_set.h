/* The profiles that a command is given. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "profile_file.h"
#include <stdio.h>

struct profile_set {
    struct names names;
    struct heap_profile *profiles; /* in the order of their times */
    const char **paths;
    size_t count;
};

/* Read the files and name their functions. False: a sentence was printed, for this command. profile_set_free() is due
 * after either. */
bool profile_set_read(struct profile_set *set, const char *command, char **paths, size_t count);
void profile_set_free(struct profile_set *set);

/* The output of a command: a file, or stdout if `path` is NULL. A file is written under another name, and has its own
 * when all of it is there. */
struct output {
    FILE *file;
    const char *path;
    char *beside; /* the other name; NULL: stdout, or what is no plain file */
};

/* False: it cannot be written, which was said. */
bool output_open(struct output *output, const char *command, const char *path);

/* False: some of it could not be written, which was said; the file is not there. `good` is false if it is not to be. */
bool output_close(struct output *output, const char *command, bool good);
