/* Starts one misuse in a process of its own, reads both its outputs, and ends it if it hangs. */
/* SPDX-License-Identifier: MIT */
#include "run.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000 };

/* Appends available output; returns whether more may come. Output that does not fit is dropped. */
static int collect(int fd, char *text) {
    char piece[1024];
    ssize_t count = read(fd, piece, sizeof piece);
    if (count <= 0) return 0;
    size_t held = strlen(text), room = TEXT_ROOM - 1 - held;
    memcpy(text + held, piece, (size_t)count < room ? (size_t)count : room);
    return 1;
}

static int collect_both(int out, int err, struct outcome *outcome) {
    struct pollfd fds[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (poll(fds, 2, PATIENCE_MS) <= 0) return 0;
        if (fds[0].revents != 0 && !collect(fds[0].fd, outcome->said)) fds[0].fd = -1;
        if (fds[1].revents != 0 && !collect(fds[1].fd, outcome->reported)) fds[1].fd = -1;
    }
    return 1;
}

static void become(const char *library, char *const arguments[], const int *out, const int *err) {
    dup2(out[1], 1);
    dup2(err[1], 2);
    close(out[0]), close(out[1]), close(err[0]), close(err[1]);
    if (library != NULL) setenv("LD_PRELOAD", library, 1);
    setpgid(0, 0);
    execv(arguments[0], arguments);
    _exit(127);
}

void run_misuse(const char *library, char *const arguments[], struct outcome *outcome) {
    int out[2], err[2];
    memset(outcome, 0, sizeof *outcome);
    if (pipe(out) != 0 || pipe(err) != 0 || (outcome->pid = fork()) < 0) abort();
    if (outcome->pid == 0) become(library, arguments, out, err);
    close(out[1]);
    close(err[1]);
    int ended = collect_both(out[0], err[0], outcome);
    if (!ended) kill(-outcome->pid, SIGKILL);
    waitpid(outcome->pid, &outcome->status, 0);
    if (!ended) outcome->status = -1;
    close(out[0]);
    close(err[0]);
}
