/* The check of the small heap that serves instead of the core. */
/* SPDX-License-Identifier: MIT */
#include "small_check.h"
#include "span/small_region.h"

#if HEAPALLOC_SMALL_BELOW > 0 /* otherwise it is nothing, so that all files of the folder can be compiled */

const char *small_region_check(void) {
    return small_check_heap(&small_region_heap);
}

void small_region_each(void (*visit)(void *context, void *p), void *context) {
    small_each(&small_region_heap, visit, context);
}

#endif
