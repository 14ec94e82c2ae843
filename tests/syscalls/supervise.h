/* Runs a program whose system calls of some kinds are handed to this process, which lets them go on or fail. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

struct supervision {
    const int *calls; /* their numbers */
    int call_count;   /* up to SUPERVISED_MAX */
    long seconds;     /* then the program and its children are killed */
    const char *library;
    void (*answer)(int listener, void *state); /* takes one call from the listener, and answers it */
    void *state;
};
enum { SUPERVISED_MAX = 16, SUPERVISED_HANGS = -1 };

/* Run `command` in a process group of its own with the library preloaded. Returns how it ended, as waitpid() says it,
 * once it and all of its children have ended; SUPERVISED_HANGS if that took too long. */
int supervise(const struct supervision *how, char **command);

/* End this process with status 125 and the reason, unless something holds. */
void must(bool holds, const char *what);
