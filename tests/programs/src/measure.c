/* Runs a program several times and prints its memory at the end of each run.
 *
 *     measure RUNS PROGRAM ARGS...    prints RUNS lines "RSS_KB MINOR_FAULTS"; exit 1 on failure
 *
 * RSS is read from smaps_rollup while the kernel holds the process at its exit: it counts page
 * table entries, where ru_maxrss inherits the high water of whoever called exec and is, on several
 * cores, an estimate that may be off by a hundred pages. Built static, so that a library preloaded
 * for the program is not loaded into this one. The program's output goes to /dev/null. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void stop_with(const char *what) {
    perror(what);
    exit(1);
}

static void become(char **command) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0) execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

static long rss_kb(pid_t pid) {
    char path[64];
    char line[256];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file) stop_with(path);
    while (kb < 0 && fgets(line, sizeof line, file)) sscanf(line, "Rss: %ld", &kb);
    fclose(file);
    return kb;
}

/* Lets the process run until its next stop or its end; false at its end. */
static int next_stop(pid_t pid, int signal_number, int *status, struct rusage *usage) {
    if (ptrace(PTRACE_CONT, pid, NULL, (void *)(long)signal_number) != 0) stop_with("ptrace");
    if (wait4(pid, status, 0, usage) != pid) stop_with("wait4");
    return WIFSTOPPED(*status);
}

static void run_once(char **command) {
    int status;
    int signal_number = 0;
    struct rusage usage;
    long kb = -1;
    pid_t pid = fork();
    if (pid == 0) become(command);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) stop_with("the program did not start");
    if (ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACEEXIT) != 0) stop_with("ptrace");
    while (next_stop(pid, signal_number, &status, &usage)) {
        signal_number = 0;
        if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8)))
            kb = rss_kb(pid);
        else
            signal_number = WSTOPSIG(status);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || kb < 0) {
        fprintf(stderr, "measure: %s ended with status 0x%x\n", command[0], status);
        exit(1);
    }
    printf("%ld %ld\n", kb, usage.ru_minflt);
}

int main(int argc, char **argv) {
    int runs = argc > 2 ? atoi(argv[1]) : 0;
    if (runs < 1) {
        fprintf(stderr, "usage: measure RUNS PROGRAM ARGS...\n");
        return 2;
    }
    while (runs-- > 0) {
        run_once(argv + 2);
        fflush(stdout);
    }
    return 0;
}
