/* Hooks of the freestanding API. */
/* SPDX-License-Identifier: MIT */
#include "heap/hooks.h"
#include "base/memory.h"

struct heap_hooks hooks_told;
size_t hooks_failures;

bool heap_hook(const struct heap_hooks *hooks) {
    if (!config_hooks && (hooks->alloc || hooks->free)) return false;
    hooks_told = *hooks;
    return true;
}

/* A function of its own, so that the bound of a refused request is proved without what the world does here. */
static NOINLINE void hooks_call_failed(size_t size) {
    hooks_told.failed(hooks_told.context, size);
}

void *hooks_refused(size_t size) {
    __atomic_fetch_add(&hooks_failures, 1, __ATOMIC_RELAXED);
    if (hooks_told.failed) hooks_call_failed(size);
    return NULL;
}
