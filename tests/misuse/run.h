/* Starting one misuse and collecting what became of it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

enum { TEXT_ROOM = 4096 };

struct outcome {
    int pid;
    int status;               /* as of waitpid; -1 when it had to be ended by force */
    char said[TEXT_ROOM];     /* fd 1: what is expected                             */
    char reported[TEXT_ROOM]; /* fd 2: what the allocator wrote                     */
};

/* Run `program case size via place` with `library` preloaded (NULL: none). */
void run_misuse(const char *library, char *const arguments[], struct outcome *outcome);
