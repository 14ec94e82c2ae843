/* __register_atfork, which pthread_atfork() calls, so that this library's fork handlers are registered first: libc
 * allocates with its list of handlers locked, and a malloc that registered handlers then would wait for ever. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "next.h"
#include "shim.h"
#include <heapalloc/port.h>

typedef int register_handlers(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *library);

EXPORT register_handlers __register_atfork;

/* port_expect_fork() comes here too, and then registers nothing. */
EXPORT STARTUP_TEXT int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                                          void *library) {
    static STARTUP_CONST const char name[] = "__register_atfork";
    static void *libcs;
    port_expect_fork();
    register_handlers *next = (register_handlers *)(uintptr_t)next_of(&libcs, name);
    if (!next) return ENOMEM;
    return next(prepare, parent, child, library);
}
