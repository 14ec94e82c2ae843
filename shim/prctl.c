/* prctl, so that the library knows when the process enters a sandbox.
 *
 * There is no other way to tell: whatever asks the kernel about filters is itself a call that filters refuse. A process
 * that inherits a filter at exec may open files, since the loader does. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sandbox.h"
#include "shim.h"
#include "syscall.h"
#include <stdarg.h>
#include <sys/prctl.h>

/* Calls the kernel, not libc's prctl: to find that one takes a lock of the loader, which a child of fork may find taken
 * for ever. The kernel decides how many arguments count; libc passes on four as well. */
EXPORT int prctl(int option, ...) {
    long words[4];
    va_list rest;
    va_start(rest, option);
    for (int i = 0; i < 4; i++) words[i] = va_arg(rest, long);
    va_end(rest);
    if (option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS)
        __atomic_store_n(&sandbox_entered, true, __ATOMIC_RELAXED);
    long got = syscall_6(SYS_prctl, option, words[0], words[1], words[2], words[3], 0);
    if (!syscall_failed(got)) return (int)got;
    errno = (int)-got;
    return -1;
}
