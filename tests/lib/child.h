/* Runs a part of a test in the child of a fork. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fork.h"
#include "test.h"
#include <sys/wait.h>
#include <unistd.h>

/* fork() with our handlers around it, as libc runs them; the child's verdict is its exit code. */
static inline void fork_and(void (*child)(void)) {
    fork_prepare();
    pid_t pid = fork();
    if (pid == 0) {
        fork_child();
        child();
        _exit(0);
    }
    fork_parent();
    int status = 1;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK_EQ(status, 0);
}
