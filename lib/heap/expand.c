/* Blocks that grow where they are. */
/* SPDX-License-Identifier: MIT */
#include "heap/expand.h"
#include "heap/alloc.h"
#include "heap/free.h"
#include "heap/free_check.h"
#include "heap/registry.h"
#include "heap/thread.h"
#include "span/medium.h"
#include "span/units.h"

static bool expand_medium(const char *function, void *p, size_t size) {
    struct granule *slot = free_check_medium(function, p);
    size_t count = (size + GRANULE_BYTES - 1) >> GRANULE_SHIFT;
    return count <= granule_count(slot) || (size <= MEDIUM_BYTES_MAX && medium_resize(slot, (uint32_t)count));
}

/* Pages that were moved here stay apart from their neighbours. */
static bool expand_large(const char *function, void *p, struct unit *unit, size_t size) {
    free_check_large(function, p, unit);
    size_t count = (size + UNIT_BYTES - 1) >> UNIT_SHIFT;
    if (count <= unit->count) return true;
    return count <= SPAN_UNITS_MAX && !(unit->flags & UNIT_MOVED) && units_extend(unit, (uint32_t)count);
}

bool heap_expand(const char *function, void *p, size_t size) {
    heap_enter();
    struct unit *unit = free_check_unit(function, p);
    if (size > ALLOC_BYTES_MAX) return false;
    if (unit->kind == UNIT_MEDIUM) return expand_medium(function, p, size);
    if (unit->kind == UNIT_LARGE) return expand_large(function, p, unit, size);
    free_check_slab(function, p, unit);
    return size <= unit->block_bytes;
}

size_t heap_good_size(size_t size) {
    if (size > ALLOC_BYTES_MAX - UNIT_BYTES) return 0;
    if (size <= CLASS_BYTES_MAX) return class_shapes[class_of(size + (size == 0))].block_bytes;
    return round_up(size, size <= MEDIUM_BYTES_MAX ? (size_t)GRANULE_BYTES : (size_t)UNIT_BYTES);
}
