/* Wrappers of libc functions like those of tracing and sandbox libraries: each allocates before it calls libc. */
/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

unsigned wild_calls(void);
static unsigned calls;

unsigned wild_calls(void) {
    return __atomic_load_n(&calls, __ATOMIC_RELAXED);
}

/* No guard against recursion on purpose: an allocator that calls a wrapper internally never returns. */
static void allocate_wildly(void) {
    unsigned n = __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
    char *small = malloc(1 + n % 3000);
    char *zeroed = calloc(1, 40 + n % 50);
    if (small == NULL || zeroed == NULL) abort();
    memset(small, 1, 1 + n % 3000);
    free(zeroed);
    free(small);
}

#define WRAP(result, name, parameters, arguments)                               \
    result name parameters;                                                     \
    result name parameters {                                                    \
        static result(*real) parameters;                                        \
        allocate_wildly();                                                      \
        if (real == NULL) real = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
        return real arguments;                                                  \
    }

WRAP(ssize_t, readlink, (const char *path, char *text, size_t room), (path, text, room))
WRAP(char *, getenv, (const char *name), (name))
WRAP(char *, secure_getenv, (const char *name), (name))
WRAP(long, sysconf, (int name), (name))
WRAP(int, getpagesize, (void), ())
WRAP(unsigned long, getauxval, (unsigned long type), (type))
WRAP(ssize_t, getrandom, (void *bytes, size_t count, unsigned flags), (bytes, count, flags))
WRAP(void *, mmap, (void *a, size_t n, int p, int f, int fd, off_t o), (a, n, p, f, fd, o))
WRAP(void *, mmap64, (void *a, size_t n, int p, int f, int fd, off64_t o), (a, n, p, f, fd, o))
WRAP(int, munmap, (void *address, size_t length), (address, length))
WRAP(int, madvise, (void *address, size_t length, int advice), (address, length, advice))
WRAP(int, mprotect, (void *address, size_t length, int protection), (address, length, protection))
WRAP(void *, sbrk, (intptr_t delta), (delta))
WRAP(int, clock_gettime, (clockid_t id, struct timespec *now), (id, now))
WRAP(int, sched_yield, (void), ())
WRAP(pid_t, getpid, (void), ())
WRAP(pthread_t, pthread_self, (void), ())
WRAP(int, pthread_key_create, (pthread_key_t * key, void (*done)(void *)), (key, done))
WRAP(int, pthread_setspecific, (pthread_key_t key, const void *value), (key, value))
WRAP(void *, pthread_getspecific, (pthread_key_t key), (key))
WRAP(int, pthread_once, (pthread_once_t * once, void (*run)(void)), (once, run))
WRAP(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
WRAP(int, pthread_mutex_unlock, (pthread_mutex_t * mutex), (mutex))
WRAP(int, __register_atfork, (void (*before)(void), void (*parent)(void), void (*child)(void), void *dso),
     (before, parent, child, dso))

/* The variadic ones pass on the arguments that may be there. */
#define WRAP_OPEN(name)                                                                    \
    int name(const char *path, int flags, ...) {                                           \
        static int (*real)(const char *, int, ...);                                        \
        va_list more;                                                                      \
        va_start(more, flags);                                                             \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;            \
        va_end(more);                                                                      \
        allocate_wildly();                                                                 \
        if (real == NULL) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        return real(path, flags, mode);                                                    \
    }
WRAP_OPEN(open)
WRAP_OPEN(open64)

long syscall(long number, ...) {
    static long (*real)(long, ...);
    long a[6];
    va_list more;
    va_start(more, number);
    for (unsigned i = 0; i < 6; i++) a[i] = va_arg(more, long);
    va_end(more);
    allocate_wildly();
    if (real == NULL) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* A constructor, which runs between those of the other preloaded libraries. */
__attribute__((constructor)) static void start(void) {
    allocate_wildly();
}
