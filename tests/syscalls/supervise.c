/* Hands system calls of a program to its parent, by a seccomp filter. */
/* SPDX-License-Identifier: MIT */
#include "supervise.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void must(bool holds, const char *what) {
    if (holds) return;
    perror(what);
    exit(125);
}

/* Child: the filter's other end, as a descriptor of this process. */
static int install_filter(const int *calls, int count) {
    struct sock_filter code[1 + 2 * SUPERVISED_MAX + 1];
    unsigned n = 0;
    must(count <= SUPERVISED_MAX, "too many calls");
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < count; i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {(unsigned short)n, code};
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static _Noreturn void run_child(int tell, int go, const struct supervision *how, char **command) {
    int listener = install_filter(how->calls, how->call_count);
    char answer;
    if (write(tell, &listener, sizeof listener) != sizeof listener || read(go, &answer, 1) != 1) _exit(125);
    setenv("LD_PRELOAD", how->library, 1);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

/* Serve calls until the program and its children have ended; false: that took too long. */
static bool serve(int listener, const struct supervision *how) {
    time_t until = time(NULL) + how->seconds;
    while (time(NULL) <= until) {
        struct pollfd ready = {listener, POLLIN, 0};
        if (poll(&ready, 1, 500) < 0) return false;
        if (ready.revents & POLLIN) how->answer(listener, how->state);
        if (ready.revents & (POLLHUP | POLLERR)) return true;
    }
    return false;
}

int supervise(const struct supervision *how, char **command) {
    int tell[2], go[2], there, status = 0;
    must(pipe2(tell, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0, "pipe");
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        setpgid(0, 0);
        run_child(tell[1], go[0], how, command);
    }
    must(read(tell[0], &there, sizeof there) == sizeof there, "the filter");
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    int listener = (int)syscall(SYS_pidfd_getfd, pidfd, there, 0);
    must(listener >= 0, "pidfd_getfd");
    must(write(go[1], "g", 1) == 1, "write");
    bool ended = serve(listener, how);
    if (!ended) kill(-child, SIGKILL);
    close(listener);
    waitpid(child, &status, 0);
    return ended ? status : SUPERVISED_HANGS;
}
