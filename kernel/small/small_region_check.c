/* The check of the small heap that serves instead of the core. */
/* SPDX-License-Identifier: MIT */
#include "small_check.h"
#include "span/small_region.h"

#if HEAPALLOC_SMALL_BELOW > 0 /* otherwise it is nothing, so that all files of the folder can be compiled */

const char *small_region_check(void) {
    return small_check_heap(&small_region_heap);
}

struct each {
    void (*visit)(void *context, void *p, size_t bytes);
    void *context;
};

static void each_block(void *context, void *p) {
    const struct each *each = context;
    each->visit(each->context, p, small_usable(&small_region_heap, p));
}

void small_region_each(void (*visit)(void *context, void *p, size_t bytes), void *context) {
    struct each each = {visit, context};
    small_each(&small_region_heap, each_block, &each);
}

#endif
