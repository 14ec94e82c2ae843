/* Starting one misuse and collecting its result. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

enum { TEXT_ROOM = 4096 };

struct outcome {
    int pid;
    int status;               /* as from waitpid; -1 if it had to be killed */
    char said[TEXT_ROOM];     /* fd 1: the expected result                  */
    char reported[TEXT_ROOM]; /* fd 2: the allocator's output               */
};

/* Run `program case size via place` with `library` preloaded (NULL: none). */
void run_misuse(const char *library, char *const arguments[], struct outcome *outcome);
