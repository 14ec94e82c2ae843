/* Runs a program and makes system calls of one library fail; all others go on.
 *
 *   fail REPORT LIBRARY SECONDS RULE... -- PROGRAM [ARGUMENT...]
 *
 * A RULE is CALL:ERROR:FIRST:LAST: the FIRST to the LAST call of CALL (mmap, munmap, mremap, mprotect, madvise; place:
 * an mmap at a given address) that LIBRARY makes return ERROR, a number, without being made. With ERROR 0 the kernel
 * itself has them fail, in the middle maybe: while it works the process may have no more address space than it has.
 * Calls are counted over all threads and children together. REPORT gets how often each was made, and how the program
 * ended: "mmap 12 ... exit 0", "... signal 11", or "... hang" after SECONDS.
 *
 * A seccomp filter hands the five calls to this process, which looks in /proc whether the instruction is the
 * library's: it makes its system calls itself, not by libc's functions. */
/* SPDX-License-Identifier: MIT */
#include "supervise.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *name;
    int number, flag; /* flag: of mmap's fourth argument */
} kinds[] = {{"mmap", SYS_mmap, 0},         {"munmap", SYS_munmap, 0},   {"mremap", SYS_mremap, 0},
             {"mprotect", SYS_mprotect, 0}, {"madvise", SYS_madvise, 0}, {"place", SYS_mmap, MAP_FIXED_NOREPLACE}};
enum { KINDS = sizeof kinds / sizeof kinds[0], RULES_MAX = 8 };

struct plan {
    const char *report, *library;
    long seconds;
    struct {
        int kind, error;
        long first, last;
    } rules[RULES_MAX];
    int rule_count;
};

struct run {
    const struct plan *plan;
    long counts[KINDS];
};

/* Whether `at` lies in a mapping of the library's file. The last mapping is cached, since threads and forks have it
 * there too. */
static bool is_librarys(pid_t pid, unsigned long at, const char *library) {
    static unsigned long from, to;
    char path[64], line[1024];
    if (at >= from && at < to) return true;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    bool found = false;
    while (maps && !found && fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char *file = strchr(line, '/');
        if (!file || sscanf(line, "%lx-%lx", &start, &end) != 2 || at < start || at >= end) continue;
        file[strcspn(file, "\n")] = 0;
        found = strcmp(file, library) == 0;
        if (found) from = start, to = end;
    }
    if (maps) fclose(maps);
    return found;
}

/* The error with which the `count`th call of its kind fails; -1: it does not. */
static int error_of(const struct plan *plan, int kind, long count) {
    for (int i = 0; i < plan->rule_count; i++)
        if (plan->rules[i].kind == kind && count >= plan->rules[i].first && count <= plan->rules[i].last)
            return plan->rules[i].error;
    return -1;
}

/* Whether the thread is still in the call that it was stopped for. */
static bool is_at_it(pid_t pid, int number) {
    char path[64], text[32] = "";
    snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool still = file >= 0 && read(file, text, sizeof text - 1) > 0 && text[0] != 'r' && atoi(text) == number;
    if (file >= 0) close(file);
    return still;
}

/* Lets the kernel do a call under a limit below what the process has. */
static void limit(int listener, struct seccomp_notif_resp *reply, pid_t pid, int number) {
    struct rlimit none = {0, RLIM_INFINITY}, old = {RLIM_INFINITY, RLIM_INFINITY};
    prlimit(pid, RLIMIT_AS, &none, &old);
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, reply);
    for (int i = 0; i < 2000 && is_at_it(pid, number); i++) usleep(10);
    prlimit(pid, RLIMIT_AS, &old, NULL);
}

/* Let one call go on, or fail. */
static void answer(int listener, void *run) {
    const struct plan *plan = ((struct run *)run)->plan;
    long *counts = ((struct run *)run)->counts;
    struct seccomp_notif asked = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return; /* the caller has ended */
    struct seccomp_notif_resp reply = {.id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    bool ours = is_librarys((pid_t)asked.pid, (unsigned long)asked.data.instruction_pointer, plan->library);
    for (int i = 0; ours && i < KINDS; i++) {
        if (asked.data.nr != kinds[i].number || ((int)asked.data.args[3] & kinds[i].flag) != kinds[i].flag) continue;
        counts[i]++;
        int error = error_of(plan, i, counts[i]);
        if (error == 0) return limit(listener, &reply, (pid_t)asked.pid, asked.data.nr);
        if (error > 0) reply = (struct seccomp_notif_resp){.id = asked.id, .error = -error};
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

static void report(const struct plan *plan, const long *counts, int status) {
    FILE *file = fopen(plan->report, "we");
    must(file != NULL, plan->report);
    for (int i = 0; i < KINDS; i++) fprintf(file, "%s %ld ", kinds[i].name, counts[i]);
    if (status == SUPERVISED_HANGS)
        fprintf(file, "hang\n");
    else if (WIFSIGNALED(status))
        fprintf(file, "signal %d\n", WTERMSIG(status));
    else
        fprintf(file, "exit %d\n", WEXITSTATUS(status));
    fclose(file);
}

static void add_rule(struct plan *plan, const char *text) {
    char name[16];
    int at = plan->rule_count++, kind = 0;
    must(at < RULES_MAX && sscanf(text, "%15[a-z]:%d:%ld:%ld", name, &plan->rules[at].error, &plan->rules[at].first,
                                  &plan->rules[at].last) == 4,
         text);
    while (kind < KINDS && strcmp(name, kinds[kind].name) != 0) kind++;
    must(kind < KINDS, text);
    plan->rules[at].kind = kind;
}

int main(int argc, char **argv) {
    if (argc < 6) return 125;
    struct plan plan = {.report = argv[1], .library = argv[2], .seconds = atol(argv[3])};
    char **command = argv + 4;
    for (; *command && strcmp(*command, "--") != 0; command++) add_rule(&plan, *command);
    must(*command && *++command, "no program");
    struct run run = {.plan = &plan};
    int calls[KINDS];
    for (int i = 0; i < KINDS; i++) calls[i] = kinds[i].number;
    struct supervision how = {calls, KINDS, plan.seconds, plan.library, answer, &run};
    report(&plan, run.counts, supervise(&how, command));
    return 0;
}
