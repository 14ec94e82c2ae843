/* dlopen and dlmopen, so that no library is bound past this one.
 *
 * RTLD_DEEPBIND makes a library look into itself and what it needs first, so that it finds libc's malloc and free where the
 * rest of the process has ours; the first block that crosses ends the program. libc decides by the caller's address whose
 * search path counts, so both functions leave by a jump. */
#define _GNU_SOURCE
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

/* The function that ours stands before; asked for once, because dlsym is long. */
static void *next_of(void **known, const char *name) {
    void *next = __atomic_load_n(known, __ATOMIC_RELAXED);
    if (next) return next;
    next = dlsym(RTLD_NEXT, name);
    __atomic_store_n(known, next, __ATOMIC_RELAXED);
    return next;
}

EXPORT void *dlopen(const char *file, int mode) {
    static void *libcs;
    open_function *next = (open_function *)(uintptr_t)next_of(&libcs, "dlopen");
    if (!next) return NULL;
    BY_JUMP return next(file, mode & ~RTLD_DEEPBIND);
}

/* Another name space has a libc and a malloc of its own. */
EXPORT void *dlmopen(Lmid_t space, const char *file, int mode) {
    static void *libcs;
    open_apart_function *next = (open_apart_function *)(uintptr_t)next_of(&libcs, "dlmopen");
    if (!next) return NULL;
    if (space == LM_ID_BASE) mode &= ~RTLD_DEEPBIND;
    BY_JUMP return next(space, file, mode);
}
