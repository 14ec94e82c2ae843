/* Forks of the process: when all locks are held. */
/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "heap/world.h"
#include "libc.h"
#include "profile.h"
#include "shim.h"
#include <heapalloc/port.h>
#include <pthread.h>

/* What libc knows this library's fork handlers by; crtbeginS.o has one, but the shared libraries do without start
 * files, whose code would run at each start, apart from STARTUP_TEXT's. */
void *__dso_handle __attribute__((weak, visibility("hidden"))) = &__dso_handle;

/* What libc's pthread_atfork() calls. That function is linked statically and reaches it by a table of jumps at the
 * other end of our code, which would be mapped for this alone. */
#ifdef __GLIBC__
extern int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *library);
#else
#define __register_atfork(prepare, parent, child, library) pthread_atfork(prepare, parent, child)
#endif

/* While there is one thread nobody else holds a lock, and a signal handler may fork while that thread holds one. Only
 * libc knows: a thread may be free()ing before it has a heap. */
static void prepare_fork(void) {
    profile_fork();
    if (!libc_single_threaded) fork_prepare();
}

static void parent_forked(void) {
    fork_parent();
    profile_forked();
}

static void child_forked(void) {
    fork_child();
    profile_forked();
}

/* As early as it is worth it, so that our handlers stand among the first: glibc runs those last before, and first after
 * a fork. Registering touches 64 KiB of libc that a short program has no use for; it allocates beyond 48 handlers, and
 * is here again then. Whoever else comes just then does not wait, because a fork may have left the other thread behind;
 * shim/create.c sees to it that there is hardly ever one. */
STARTUP_TEXT void port_expect_fork(void) {
    STARTUP_DATA static bool begun = false;
    if (__atomic_load_n(&begun, __ATOMIC_RELAXED) || __atomic_exchange_n(&begun, true, __ATOMIC_ACQ_REL)) return;
    __register_atfork(prepare_fork, parent_forked, child_forked, &__dso_handle);
}
