/* dlopen and dlmopen without RTLD_DEEPBIND, so that every library uses this malloc.
 *
 * RTLD_DEEPBIND makes a library search itself and its dependencies first, so that it finds libc's malloc and free while
 * the rest of the process uses ours; the first block that one passes to the other ends the program. libc chooses the
 * search path by the caller's address, so both functions call libc's by a jump. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "next.h"
#include "shim.h"
#include <dlfcn.h>
#include <stdint.h>

#if defined(__has_attribute) && __has_attribute(musttail)
#define BY_JUMP __attribute__((musttail))
#else
#define BY_JUMP /* gcc does it from -O2 on; tests/install/check_library.sh checks it */
#endif

typedef void *open_function(const char *file, int mode);
typedef void *open_apart_function(Lmid_t space, const char *file, int mode);

/* Drop RTLD_DEEPBIND, unless a sanitizer's malloc serves the process. */
static int shared_mode(int mode) {
    return aside() ? mode : mode & ~RTLD_DEEPBIND;
}

EXPORT void *dlopen(const char *file, int mode) {
    static void *libcs;
    open_function *next = (open_function *)(uintptr_t)next_of(&libcs, "dlopen");
    if (!next) return NULL;
    BY_JUMP return next(file, shared_mode(mode));
}

/* Changes nothing for another namespace, which has its own libc and malloc. */
EXPORT void *dlmopen(Lmid_t space, const char *file, int mode) {
    static void *libcs;
    open_apart_function *next = (open_apart_function *)(uintptr_t)next_of(&libcs, "dlmopen");
    if (!next) return NULL;
    BY_JUMP return next(space, file, space == LM_ID_BASE ? shared_mode(mode) : mode);
}
