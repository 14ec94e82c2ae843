/* What the freestanding API tells a world that asks: each block that is handed out or freed, in a build with
 * -DHEAPALLOC_HOOKS=1, and each request that is refused. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include "base/config.h"
#include <heapalloc/heap.h>

extern struct heap_hooks hooks_told __attribute__((visibility("hidden")));
extern size_t hooks_failures __attribute__((visibility("hidden"))); /* refused requests; atomic */

INLINE void hooks_alloc(void *p, size_t size, const void *caller) {
    if (config_hooks && p && hooks_told.alloc) hooks_told.alloc(hooks_told.context, p, size, caller);
}

INLINE void hooks_free(void *p) {
    if (config_hooks && hooks_told.free) hooks_told.free(hooks_told.context, p);
}

/* Count and tell a refused request. Returns NULL. */
COLD void *hooks_refused(size_t size);
