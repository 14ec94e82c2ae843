/* dlopen and dlmopen, so that no library is bound past this one.
 *
 * RTLD_DEEPBIND makes a library look into itself and what it needs first, so that it finds libc's malloc and free
 * where the rest of the process has ours; the first block that crosses ends the program. libc decides by the caller's
 * address whose search path counts, so both functions leave by a jump. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "next.h"
#include "shim.h"
#include <dlfcn.h>
#include <stdint.h>

#if defined(__has_attribute) && __has_attribute(musttail)
#define BY_JUMP __attribute__((musttail))
#else
#define BY_JUMP /* gcc does it from -O2 on; tests/install/check_library.sh looks */
#endif

typedef void *open_function(const char *file, int mode);
typedef void *open_apart_function(Lmid_t space, const char *file, int mode);

/* Where malloc is not ours, there is nothing to be bound past. */
static int shared_mode(int mode) {
    return aside() ? mode : mode & ~RTLD_DEEPBIND;
}

EXPORT void *dlopen(const char *file, int mode) {
    static void *libcs;
    open_function *next = (open_function *)(uintptr_t)next_of(&libcs, "dlopen");
    if (!next) return NULL;
    BY_JUMP return next(file, shared_mode(mode));
}

/* Another name space has a libc and a malloc of its own. */
EXPORT void *dlmopen(Lmid_t space, const char *file, int mode) {
    static void *libcs;
    open_apart_function *next = (open_apart_function *)(uintptr_t)next_of(&libcs, "dlmopen");
    if (!next) return NULL;
    BY_JUMP return next(space, file, space == LM_ID_BASE ? shared_mode(mode) : mode);
}
