/* Fork handlers: they hold all locks during a fork. */
/* SPDX-License-Identifier: MIT */
#include "fork.h"
#include "base/bits.h"
#include "heap/world.h"
#include "libc.h"
#include "profile.h"
#include "shim.h"
#include <heapalloc/port.h>
#include <pthread.h>

/* The handle by which libc knows this library's fork handlers. crtbeginS.o defines one, but the shared libraries have
 * no start files: their code would run at each start, on pages other than STARTUP_TEXT's. */
void *__dso_handle __attribute__((weak, visibility("hidden"))) = &__dso_handle;

/* The function that glibc's pthread_atfork() calls. That one is linked statically and calls it through a PLT at the
 * other end of our code, whose page would be touched for this alone. */
#ifdef __GLIBC__
extern int libc_register(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                         void *library) __asm__("__register_atfork");
#else
#define libc_register(prepare, parent, child, library) pthread_atfork(prepare, parent, child)
#endif

static void (*also_in_child)(void);

void fork_call_in_child(void (*function)(void)) {
    __atomic_store_n(&also_in_child, function, __ATOMIC_RELEASE);
}

/* Take the locks, unless there is one thread: nobody else holds one then, and a signal handler may fork while that
 * thread does. Only libc knows the number: a thread may be in free() before it has a heap. */
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
    void (*function)(void) = __atomic_load_n(&also_in_child, __ATOMIC_ACQUIRE);
    if (function) function();
}

/* Register the fork handlers before the program's, if possible (atfork.c): glibc runs the first ones last before a
 * fork, and first after it. A process with one thread and without handlers needs none, and this touches 64 KiB of libc.
 * A thread that finds another one registering does not wait, because a fork may have left that one behind; create.c
 * makes this rare. */
STARTUP_TEXT void port_expect_fork(void) {
    STARTUP_DATA static bool begun = false;
    if (__atomic_load_n(&begun, __ATOMIC_RELAXED) || __atomic_exchange_n(&begun, true, __ATOMIC_ACQ_REL)) return;
    libc_register(prepare_fork, parent_forked, child_forked, &__dso_handle);
}

#ifdef HEAPALLOC_STATIC
/* A static program's threads begin without us (create.c), and the first to allocate would register the handlers while
 * another, which has just forked, does not know of them: its child could wait for ever for the lock of the first heap.
 */
static __attribute__((constructor)) void expect_fork_at_start(void) {
    port_expect_fork();
}
#endif
