/* Runs one command and writes its cost as one JSON line: wall and CPU time, peak memory, faults.
 *
 *   launch [-p PRELOAD] [-t SECONDS] [-s MS] -o FILE COMMAND ARGS...
 *
 * PRELOAD becomes the command's LD_PRELOAD. After SECONDS it is killed. With -s the memory of the whole tree of
 * processes is sampled every MS milliseconds. A program's ru_maxrss starts at what its launcher had resident at the
 * exec (exec_mmap() in the kernel folds the old peak in), so this is a small static program and not the Python
 * driver. */
/* SPDX-License-Identifier: MIT */
#include "tree.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CANNOT_RUN = 125 };

struct request {
    const char *preload;
    const char *out_path;
    double limit_s;
    long sample_ms; /* 0: the tree is not sampled */
    char **command;
};

struct result {
    double wall_s;
    int status;
    bool killed;
    size_t tree_kib; /* most anonymous memory seen in the tree at one time */
    struct rusage usage;
};

static void fail(const char *what) {
    fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
    exit(CANNOT_RUN);
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The whole process group is killed when time is up. */
static pid_t start(const struct request *request) {
    if (request->preload)
        setenv("LD_PRELOAD", request->preload, 1);
    else
        unsetenv("LD_PRELOAD");
    pid_t child = vfork();
    if (child == 0) {
        setpgid(0, 0);
        execvp(request->command[0], request->command);
        _exit(CANNOT_RUN);
    }
    if (child < 0) fail("vfork");
    return child;
}

static void sleep_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Waits by polling if there is work to do meanwhile, else by sleeping in the kernel with an alarm set. */
static void follow(const struct request *request, pid_t child, double start_s, struct result *r) {
    bool poll = request->sample_ms > 0;
    for (;;) {
        pid_t ended = wait4(child, &r->status, poll ? WNOHANG : 0, &r->usage);
        if (ended == child) return;
        if (ended < 0 && errno != EINTR) fail("wait4");
        if (now_s() - start_s > request->limit_s && !r->killed) {
            kill(-child, SIGKILL);
            r->killed = true;
        }
        if (poll) {
            size_t kib = tree_anonymous_kib(child);
            r->tree_kib = kib > r->tree_kib ? kib : r->tree_kib;
            sleep_ms(request->sample_ms);
        }
    }
}

static void on_alarm(int signal) {
    (void)signal;
}

static struct result run(const struct request *request) {
    struct result r = {0};
    /* Without SA_RESTART an alarm ends wait4; it repeats, because a single one could come just before the call. */
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval every = {{1, 0}, {(time_t)request->limit_s + 1, 0}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    double start_s = now_s();
    pid_t child = start(request);
    follow(request, child, start_s, &r);
    r.wall_s = now_s() - start_s;
    /* Processes that the command left behind would disturb the next measurement. */
    kill(-child, SIGKILL);
    return r;
}

static double seconds(struct timeval t) {
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

static void write_result(const char *path, const struct result *r) {
    FILE *out = fopen(path, "we");
    int code = WIFEXITED(r->status) ? WEXITSTATUS(r->status) : 128 + WTERMSIG(r->status);
    if (!out) fail(path);
    fprintf(out,
            "{\"wall_s\": %.6f, \"user_s\": %.6f, \"system_s\": %.6f, \"rss_kib\": %ld, "
            "\"tree_kib\": %zu, \"minor_faults\": %ld, \"major_faults\": %ld, \"exit\": %d, "
            "\"killed\": %s}\n",
            r->wall_s, seconds(r->usage.ru_utime), seconds(r->usage.ru_stime), r->usage.ru_maxrss, r->tree_kib,
            r->usage.ru_minflt, r->usage.ru_majflt, code, r->killed ? "true" : "false");
    if (fclose(out) != 0) fail(path);
}

int main(int argc, char **argv) {
    struct request request = {.limit_s = 600};
    int option;
    while ((option = getopt(argc, argv, "+p:t:s:o:")) != -1) {
        switch (option) {
        case 'p': request.preload = optarg; break;
        case 't': request.limit_s = atof(optarg); break;
        case 's': request.sample_ms = atol(optarg); break;
        case 'o': request.out_path = optarg; break;
        default: return CANNOT_RUN;
        }
    }
    request.command = argv + optind;
    if (!request.out_path || !request.command[0]) {
        fprintf(stderr, "usage: launch [-p PRELOAD] [-t SECONDS] [-s MS] -o FILE COMMAND ARGS...\n");
        return CANNOT_RUN;
    }
    struct result r = run(&request);
    write_result(request.out_path, &r);
    return 0;
}
