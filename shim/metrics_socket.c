/* Serves the metrics from a unix socket.
 *
 * One thread, which sleeps until a client connects: it has no clock, and a process that does not ask has neither the
 * thread nor the socket. Each socket has a thread of its own, which ends with it. A client that sends "GET" gets an
 * answer in HTTP, any other the text alone. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "metrics_socket.h"
#include "base/bits.h"
#include "events.h"
#include "fork.h"
#include "helper_thread.h"
#include "leaks_stop.h"
#include "metrics_client.h"
#include "metrics_listen.h"
#include "metrics_path.h"
#include "options.h"
#include "process.h"
#include "report.h"
#include "syscall.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

enum { RETRY_MS = 200 };

static struct {
    long process;  /* that serves; 0: none */
    long begun_in; /* the first process that served: its children have other paths */
    int file;      /* the socket, with a high number */
    dev_t device;  /* of the socket itself, to tell it from a file that the program opened under the same number */
    ino_t inode;
    dev_t path_device;
    ino_t path_inode;
    struct sockaddr_un address;
} served;
static bool busy; /* a thread is opening or closing it */

STARTUP_TEXT bool metrics_socket_is_open(void) {
    return __atomic_load_n(&served.process, __ATOMIC_ACQUIRE) != 0;
}

static bool is_our_socket(int file) {
    struct stat now;
    return fstat(file, &now) == 0 && now.st_dev == served.device && now.st_ino == served.inode;
}

/* ---- the thread ---- */

/* Serve until the socket is shut down. If the program has closed it, open another. */
static void *serve(void *argument) {
    int file = (int)(intptr_t)argument;
    struct pollfd wait = {.fd = file, .events = POLLIN};
    leaks_stop_never();
    syscall_6(SYS_prctl, PR_SET_NAME, (long)"heapalloc", 0, 0, 0, 0);
    for (;;) {
        wait.revents = 0;
        if (syscall_6(SYS_ppoll, (long)&wait, 1, 0, 0, 0, 0) < 0) continue;
        if (wait.revents & POLLHUP) break;
        long client = is_our_socket(file) ? syscall_6(SYS_accept4, file, 0, 0, SOCK_CLOEXEC, 0, 0) : -EBADF;
        if (client == -EBADF) break;
        if (client < 0) {
            struct timespec pause = {0, RETRY_MS * 1000000L}; /* there may be no file numbers left */
            syscall_6(SYS_ppoll, 0, 0, (long)&pause, 0, 0, 0);
            continue;
        }
        metrics_client_answer((int)client);
        syscall_6(SYS_close, client, 0, 0, 0, 0, 0);
    }
    if (is_our_socket(file)) {
        syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
    } else if (served.file == file) {
        __atomic_store_n(&served.process, 0, __ATOMIC_RELEASE);
        metrics_socket_update();
    }
    return NULL;
}

/* ---- opening and closing ---- */

/* Put the path into the address; the child of a fork whose path is its parent's too has its ID appended. */
static bool find_address(struct sockaddr_un *address) {
    const char *pattern = metrics_socket_path(option_text(OPTION_METRICS));
    struct report path = {0};
    bool own = served.begun_in == 0 || served.begun_in == process_id();
    for (const char *at = pattern; *at && at[1]; at++)
        if (at[0] == '%' && at[1] == '%')
            at++;
        else if (at[0] == '%' && at[1] == 'p')
            own = true;
    report_add_path(&path, pattern);
    if (!own) {
        report_add(&path, ".");
        report_add_number(&path, (uint64_t)process_id(), 0);
    }
    address->sun_family = AF_UNIX;
    for (size_t i = 0; i < sizeof(address->sun_path); i++) address->sun_path[i] = i < path.length ? path.chars[i] : 0;
    if (path.length < sizeof(address->sun_path)) return true;
    address->sun_path[sizeof(address->sun_path) - 1] = 0;
    metrics_tell_failure(address->sun_path, "the path of a socket has 107 bytes at most", 0);
    return false;
}

/* In the child of a fork: close the parent's socket, and have one of its own opened later. */
static void leave_to_parent(void) {
    if (likely(served.process == 0)) return;
    __atomic_store_n(&served.process, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&busy, false, __ATOMIC_RELAXED);
    if (is_our_socket(served.file)) syscall_6(SYS_close, served.file, 0, 0, 0, 0, 0);
    if (option_number(OPTION_CHILDREN)) event_add(EVENT_SERVE);
}

static void open_socket(const struct sockaddr_un *address) {
    struct stat socket, path;
    const char *why;
    long file = metrics_listen(address, &why);
    if (file < 0) return metrics_tell_failure(address->sun_path, why, file);
    bool known = fstat((int)file, &socket) == 0 && lstat(address->sun_path, &path) == 0;
    served.address = *address;
    served.file = (int)file;
    served.device = socket.st_dev;
    served.inode = socket.st_ino;
    served.path_device = path.st_dev;
    served.path_inode = path.st_ino;
    if (served.begun_in == 0) served.begun_in = process_id();
    __atomic_store_n(&served.process, process_id(), __ATOMIC_RELEASE);
    fork_call_in_child(leave_to_parent);
    if (known && helper_start(serve, (void *)(intptr_t)file)) return;
    metrics_socket_close();
    syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
    metrics_tell_failure(address->sun_path, "no thread can be started", 0);
}

COLD void metrics_socket_update(void) {
    struct sockaddr_un address;
    bool wanted = metrics_socket_path(option_text(OPTION_METRICS)) != NULL;
    if (__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE)) return event_add(EVENT_SERVE);
    if (wanted) wanted = find_address(&address);
    bool same = wanted && served.process == process_id() &&
                __builtin_memcmp(address.sun_path, served.address.sun_path, sizeof(address.sun_path)) == 0;
    if (!same) metrics_socket_close();
    if (wanted && !same) open_socket(&address);
    __atomic_store_n(&busy, false, __ATOMIC_RELEASE);
}

COLD void metrics_socket_close(void) {
    struct stat path;
    long process = __atomic_load_n(&served.process, __ATOMIC_ACQUIRE);
    if (process == 0 || process != process_id()) return;
    __atomic_store_n(&served.process, 0, __ATOMIC_RELEASE);
    if (lstat(served.address.sun_path, &path) == 0 && path.st_dev == served.path_device &&
        path.st_ino == served.path_inode)
        syscall_6(SYS_unlinkat, AT_FDCWD, (long)served.address.sun_path, 0, 0, 0, 0);
    if (is_our_socket(served.file)) syscall_6(SYS_shutdown, served.file, SHUT_RDWR, 0, 0, 0, 0);
}
