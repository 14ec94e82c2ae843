/* The questions of malloc.h, answered for this heap and not for the empty one of libc. */
#define _GNU_SOURCE
#include "heap/fast.h"
#include "shim.h"
#include <malloc.h>

EXPORT int malloc_trim(size_t pad) {
    (void)pad;
    struct heap *heap = heap_self;
    return heap_trim(heap->state == HEAP_LIVE ? heap : NULL);
}

/* No parameter of glibc's means anything here; 0 would make programs think that they failed. */
EXPORT int mallopt(int parameter, int value) {
    (void)parameter, (void)value;
    return 1;
}
