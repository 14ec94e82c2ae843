/* Guard slots: places between pages that nobody can touch, outside of all spans, for a sample of the requests. A world
 * provides them; without one there are none.
 *
 *   | no access |      the caller's bytes| no access |caller's bytes       | no access |        pages
 *
 * A pointer into them is in no span, so that every fast path declines it; the functions that look for red zones ask
 * here first. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* The blocks of up to this many bytes, at multiples of 16 or of their size if that is a power of two. */
enum { GUARD_BYTES_MAX = CLASS_BYTES_MAX };

struct guard_walk {
    uint32_t next; /* slot; a walk begins with 0 */
    char *memory;
    size_t bytes;
    bool used;
};

/* What the world does; any thread, no lock. */
struct guard_hooks {
    void *(*take)(size_t bytes);                          /* NULL: there is no slot for it */
    size_t (*bytes)(const void *p);                       /* of the used block at `p`; 0: there is none */
    size_t (*check)(const char *function, const void *p); /* the same; what is none, or damaged, ends the program */
    void (*give)(void *p);                                /* after check() */
    bool (*walk_next)(struct guard_walk *walk);
};

/* `hooks` is set before `bytes`, and neither changes again. */
struct guard_region {
    const char *from;
    size_t bytes; /* 0: there are no slots */
    const struct guard_hooks *hooks;
};
extern struct guard_region guard_region __attribute__((visibility("hidden")));

/* True when `p` lies in a guard slot or beside one. */
INLINE bool guard_has(const void *p) {
    return (size_t)((const char *)p - load_relaxed(guard_region.from)) < load_acquire(guard_region.bytes);
}

INLINE bool guard_walk_next(struct guard_walk *walk) {
    return load_acquire(guard_region.bytes) > 0 && guard_region.hooks->walk_next(walk);
}
