/* The freestanding API's looks at the heap, for worlds that link lib/inspect/. */
/* SPDX-License-Identifier: MIT */
#include "base/guard.h"
#include "inspect/verify.h"
#include "inspect/walk.h"
#include "span/small_region.h"
#include "span/span.h"
#include <heapalloc/heap.h>

const char *heap_check(void) {
    return small_region() ? small_region_check() : verify_heap();
}

struct look {
    void (*visit)(void *context, void *p, size_t size, const void *caller);
    void *context;
};

/* A block that a heap keeps has no guard: it was overwritten when it was freed. */
static void look_at(const struct walk_block *block, void *context) {
    const struct look *look = context;
    if (block->state != WALK_USED || block->bytes < GUARD_BYTES) return;
    const struct guard *guard = guard_of(block->memory, block->bytes);
    if (guard->size <= block->bytes - GUARD_BYTES)
        look->visit(look->context, block->memory, guard->size, guard->caller);
}

static void look_at_small(void *context, void *p, size_t bytes) {
    const struct look *look = context;
    const struct guard *guard = guard_of(p, bytes);
    look->visit(look->context, p, guard->size, guard->caller);
}

void heap_each(void (*visit)(void *context, void *p, size_t size, const void *caller), void *context) {
    struct look look = {visit, context};
    if (!config_guarded) return;
    if (small_region())
        small_region_each(look_at_small, &look);
    else
        walk_heap(look_at, &look);
}
