/* Looks up the functions of the libraries behind this one. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "next.h"
#include <dlfcn.h>

STARTUP_TEXT void *next_of(void **known, const char *name) {
    void *next = __atomic_load_n(known, __ATOMIC_RELAXED);
    if (likely(next)) return next;
    next = dlsym(RTLD_NEXT, name);
    __atomic_store_n(known, next, __ATOMIC_RELAXED);
    return next;
}

/* Look up free first, because dlsym frees the message of an earlier failure. */
void *aside_next(enum aside_name name) {
    static const char *const names[] = {
        [ASIDE_FREE] = "free",         [ASIDE_MALLOC] = "malloc",
        [ASIDE_CALLOC] = "calloc",     [ASIDE_REALLOC] = "realloc",
        [ASIDE_MEMALIGN] = "memalign", [ASIDE_USABLE] = "malloc_usable_size",
        [ASIDE_NEW] = "_Znwm",         [ASIDE_NEW_ALIGNED] = "_ZnwmSt11align_val_t",
        [ASIDE_DELETE] = "_ZdlPv",     [ASIDE_DELETE_ALIGNED] = "_ZdlPvSt11align_val_t",
    };
    static void *known[ASIDE_COUNT];
    next_of(&known[ASIDE_FREE], names[ASIDE_FREE]);
    return next_of(&known[name], names[name]);
}
