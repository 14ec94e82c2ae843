/* Runs a program as under strict overcommit, with a commit limit of its own.
 *
 *   commit MIB LIBRARY SECONDS PROGRAM [ARGUMENT...]
 *
 * Under vm.overcommit_memory=2 the kernel counts all private memory that may be written to, whether it was reserved
 * with MAP_NORESERVE or not, and refuses what would exceed its limit; a fork counts all of it again. That setting is
 * the whole machine's. Here a filter hands the calls by which memory grows to this process, which counts it over the
 * program and its children (VmData in /proc) and refuses with ENOMEM what would exceed MIB. To the program /proc says
 * that the setting is 2; where that cannot be had, this exits with 77. Else it exits as the program does, and the last
 * line on standard error says how much was committed at most, and how many calls were refused. */
/* SPDX-License-Identifier: MIT */
#include "supervise.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const int calls[] = {SYS_mmap, SYS_mprotect, SYS_mremap, SYS_clone, SYS_clone3,
#ifdef SYS_fork
                            SYS_fork
#endif
};

struct commit {
    unsigned long long limit, most;
    unsigned long refusals;
};

/* A number in a file of a process, after the word; 0 if the process is gone. */
static unsigned long long number_in(const char *process, const char *file, const char *word) {
    char path[300], text[4096];
    snprintf(path, sizeof path, "/proc/%s/%s", process, file);
    FILE *from = fopen(path, "re");
    size_t length = from ? fread(text, 1, sizeof text - 1, from) : 0;
    if (from) fclose(from);
    text[length] = 0;
    const char *at = strstr(text, word);
    return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

static unsigned long long data_bytes(const char *process) {
    return number_in(process, "status", "VmData:") << 10;
}

/* Of the program and its children: a process group. */
static unsigned long long committed_bytes(pid_t group) {
    unsigned long long sum = 0;
    DIR *all = opendir("/proc");
    must(all != NULL, "/proc");
    for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        if (getpgid(atoi(entry->d_name)) == group) sum += data_bytes(entry->d_name);
    }
    closedir(all);
    return sum;
}

/* By how much the call would make the sum grow. */
static unsigned long long growth_bytes(const struct seccomp_notif *asked) {
    const __u64 *args = asked->data.args;
    char process[16];
    switch (asked->data.nr) {
    case SYS_mmap: return args[2] & PROT_WRITE && (args[3] & MAP_TYPE) == MAP_PRIVATE ? args[1] : 0;
    case SYS_mprotect: return args[2] & PROT_WRITE ? args[1] : 0;
    case SYS_mremap: return args[2] > args[1] ? args[2] - args[1] : 0;
    case SYS_clone:
        if (args[0] & CLONE_VM) return 0;
        break;
    }
    snprintf(process, sizeof process, "%u", asked->pid);
    return data_bytes(process);
}

static void answer(int listener, void *state) {
    struct commit *commit = state;
    struct seccomp_notif asked = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return; /* the caller has ended */
    struct seccomp_notif_resp reply = {.id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    if (asked.data.nr == SYS_clone3) { /* its flags are in memory; libc calls clone instead */
        reply = (struct seccomp_notif_resp){.id = asked.id, .error = -ENOSYS};
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
        return;
    }
    unsigned long long growth = growth_bytes(&asked), sum = growth;
    if (growth) sum += committed_bytes(getpgid((pid_t)asked.pid));
    if (sum > commit->limit) {
        reply = (struct seccomp_notif_resp){.id = asked.id, .error = -ENOMEM};
        commit->refusals++;
    } else if (sum > commit->most) {
        commit->most = sum;
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

/* Lets /proc say that overcommit is strict, to this process and its children; false: the user may not. */
static bool pretend(void) {
    char name[] = "/tmp/overcommit.XXXXXX";
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    int file = mkstemp(name);
    must(file >= 0 && write(file, "2\n", 2) == 2 && close(file) == 0, name);
    bool done = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount(name, "/proc/sys/vm/overcommit_memory", NULL, MS_BIND, NULL) == 0;
    unlink(name);
    return done;
}

int main(int argc, char **argv) {
    must(argc >= 5, "usage");
    struct commit commit = {.limit = strtoull(argv[1], NULL, 10) << 20};
    struct supervision how = {calls, (int)(sizeof calls / sizeof calls[0]), atol(argv[3]), argv[2], answer, &commit};
    if (!pretend()) {
        printf("skipped: no name space of mounts\n");
        return 77;
    }
    int status = supervise(&how, argv + 4);
    fprintf(stderr, "committed at most %llu KiB, refused %lu calls\n", commit.most >> 10, commit.refusals);
    if (status == SUPERVISED_HANGS) return 124;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
