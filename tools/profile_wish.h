/* What `heapalloc profile` and `heapalloc leaks` were asked for. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

enum { PROFILE_EXIT_USAGE = 2, PROFILE_ROWS = 20 };

struct profile_wish {
    const char *command, *usage;
    const char *letters; /* of the options that the command has, for getopt */
    const char *bytes, *out, *process;
    int rows;
    bool by_allocated;
    pid_t child;
};

/* Read the options. False: the exit code is in *code. */
bool profile_read_options(int argc, char **argv, struct profile_wish *wish, int *code);
