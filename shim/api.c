/* heapalloc's own interface. */
/* SPDX-License-Identifier: MIT */
#include "heap/fast.h"
#include "heap/world.h"
#include "inspect/stats.h"
#include "inspect/verify.h"
#include "shim.h"
#include <heapalloc/heapalloc.h>

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
#define VERSION NUMBER(HEAPALLOC_VERSION_MAJOR) "." NUMBER(HEAPALLOC_VERSION_MINOR) "." NUMBER(HEAPALLOC_VERSION_PATCH)

EXPORT const char *heapalloc_version(void) {
    static const char *const versions[] = {VERSION " (fast)", VERSION " (default)", VERSION " (hardened)"};
    return versions[config_safety];
}

EXPORT bool heapalloc_stats(struct heapalloc_stats *stats) {
    check_place("heapalloc_stats", stats, struct heapalloc_stats, "is no place for statistics");
    heap_enter();
    return stats_read(stats);
}

EXPORT const char *heapalloc_verify(void) {
    return verify_heap();
}

EXPORT bool heapalloc_trim(void) {
    heap_enter();
    struct heap *heap = heap_self;
    return heap_trim(heap->state == HEAP_LIVE ? heap : NULL);
}
