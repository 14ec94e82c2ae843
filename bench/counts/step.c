/* Runs a program and prints how many user-mode instructions it executes between each pair of its int3 traps.
 *
 *   step [-o FILE] PROGRAM ARGS...
 *
 * One number a line, one line a pair, to FILE or stdout. The program runs at full speed outside the pairs; inside, the
 * thread that trapped is single-stepped and the others run freely. An instruction with a rep prefix counts once for
 * each repetition. Exit status: that of the program, 125 when it cannot be traced.
 *
 * It is for allocators that valgrind cannot run. A step takes 2 to 20 us, most of it in the hypervisor if there is one.
 * */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_TRACE = 125 };

struct stepper {
    FILE *out;
    pid_t first;         /* the program's first thread: its exit is the program's */
    pid_t stepping;      /* the thread between its two traps, 0 when none is */
    unsigned long count; /* instructions it executed so far */
};

static void fail(const char *what) {
    fprintf(stderr, "step: %s: %s\n", what, strerror(errno));
    exit(CANNOT_TRACE);
}

static pid_t start(char **command) {
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) fail("ptrace");
        execvp(command[0], command);
        fail(command[0]);
    }
    int status;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) fail(command[0]);
    long options = PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)options) != 0) fail("ptrace");
    return child;
}

/* An int3 comes from the kernel's own code, a completed step is TRAP_TRACE. */
static bool at_mark(pid_t thread) {
    siginfo_t info;
    return ptrace(PTRACE_GETSIGINFO, thread, NULL, &info) == 0 && info.si_code == SI_KERNEL;
}

static void resume(const struct stepper *s, pid_t thread, int signal) {
    int request = thread == s->stepping ? PTRACE_SINGLESTEP : PTRACE_CONT;
    /* ESRCH: the thread was killed meanwhile; its end is reported by the next wait. */
    if (ptrace(request, thread, NULL, (void *)(long)signal) != 0 && errno != ESRCH) fail("ptrace");
}

static void trapped(struct stepper *s, pid_t thread) {
    if (!at_mark(thread)) {
        s->count += thread == s->stepping;
    } else if (s->stepping == 0) {
        s->stepping = thread;
        s->count = 0;
    } else if (thread == s->stepping) {
        /* The closing int3 itself is not a step of the region. */
        fprintf(s->out, "%lu\n", s->count);
        s->stepping = 0;
    }
}

static void stopped(struct stepper *s, pid_t thread, int status) {
    int signal = WSTOPSIG(status);
    bool event = status >> 16 != 0;
    if (signal == SIGTRAP && !event) trapped(s, thread);
    /* A new thread begins with a SIGSTOP caused by the tracer. */
    bool ours = signal == SIGTRAP || signal == SIGSTOP;
    resume(s, thread, ours ? 0 : signal);
}

static int follow(struct stepper *s) {
    for (;;) {
        int status;
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0) fail("waitpid");
        if (WIFSTOPPED(status))
            stopped(s, thread, status);
        else if (thread == s->first)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

int main(int argc, char **argv) {
    struct stepper s = {.out = stdout};
    int option;
    while ((option = getopt(argc, argv, "+o:")) == 'o') {
        s.out = fopen(optarg, "we");
        if (!s.out) fail(optarg);
    }
    if (option != -1 || optind == argc) {
        fprintf(stderr, "usage: step [-o FILE] PROGRAM ARGS...\n");
        return CANNOT_TRACE;
    }
    s.first = start(argv + optind);
    resume(&s, s.first, 0);
    int status = follow(&s);
    if (fclose(s.out) != 0) fail("output");
    return status;
}
