/* Blocks that grow where they are. */
/* SPDX-License-Identifier: MIT */
#include "heap/expand.h"
#include "heap/alloc.h"
#include "heap/free_check.h"
#include "heap/registry.h"
#include "heap/resize_in_place.h"

bool heap_expand(const char *function, void *p, size_t size) {
    debug_check(p != NULL);
    heap_enter();
    size_t usable = free_check_bytes(function, p);
    return size <= usable || (size <= ALLOC_BYTES_MAX && heap_resize_in_place(function, p, size, &usable));
}

size_t heap_good_size(size_t size) {
    if (size > ALLOC_BYTES_MAX - UNIT_BYTES) return 0;
    if (size <= CLASS_BYTES_MAX) return class_shapes[class_of(size + (size == 0))].block_bytes;
    return round_up(size, size <= MEDIUM_BYTES_MAX ? (size_t)GRANULE_BYTES : (size_t)UNIT_BYTES);
}
