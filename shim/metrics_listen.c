/* Makes the socket that serves metrics. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "metrics_listen.h"
#include "syscall.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { HIGH_FILE = 200, WAITING_CLIENTS = 128 };

/* A socket's file that nobody serves is left by a process that was killed: it is removed. */
static const char *remove_stale(const struct sockaddr_un *address) {
    struct stat now;
    if (lstat(address->sun_path, &now) != 0) return NULL;
    if (!S_ISSOCK(now.st_mode)) return "there is a file which is no socket";
    long probe = syscall_6(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0, 0);
    long reached = syscall_6(SYS_connect, probe, (long)address, sizeof(*address), 0, 0, 0);
    syscall_6(SYS_close, probe, 0, 0, 0, 0, 0);
    if (reached == -ECONNREFUSED) syscall_6(SYS_unlinkat, AT_FDCWD, (long)address->sun_path, 0, 0, 0, 0);
    return reached == -ECONNREFUSED ? NULL : "another process serves that socket";
}

long metrics_listen(const struct sockaddr_un *address, const char **why) {
    *why = remove_stale(address);
    if (*why) return -EADDRINUSE;
    long file = syscall_6(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0, 0);
    if (file < 0) return file;
    long high = syscall_6(SYS_fcntl, file, F_DUPFD_CLOEXEC, HIGH_FILE, 0, 0, 0);
    if (high >= 0) syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
    if (high < 0) high = file;
    long error = syscall_6(SYS_bind, high, (long)address, sizeof(*address), 0, 0, 0);
    if (error == 0) error = syscall_6(SYS_listen, high, WAITING_CLIENTS, 0, 0, 0, 0);
    if (error == 0) return high;
    syscall_6(SYS_close, high, 0, 0, 0, 0, 0);
    return error;
}
