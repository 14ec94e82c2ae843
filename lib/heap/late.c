/* Allocation for threads whose last destructor has run. */
/* SPDX-License-Identifier: MIT */
#include "heap/late.h"
#include "heap/alloc.h"
#include "span/units.h"

struct lock late_lock = LOCK_OF(RANK_LATE);
static struct heap *late_heap;

/* Whole units, which level 1 serves even now: a thread's very first call may meet a fork under way. */
static void *during_fork(size_t size) {
    if (size > (size_t)SPAN_UNITS_MAX << UNIT_SHIFT) return NULL;
    struct unit *unit = units_take((uint32_t)((size + UNIT_BYTES - 1) >> UNIT_SHIFT) + (size == 0), UNIT_LARGE);
    return unit ? unit->memory : NULL;
}

void *late_alloc(size_t size) {
    if (size > ALLOC_BYTES_MAX) return NULL;
    if (!lock_take(&late_lock)) return during_fork(size);
    if (!late_heap) late_heap = heap_create();
    void *p = late_heap ? alloc_live(late_heap, size) : NULL;
    lock_give(&late_lock);
    return p;
}

bool late_owns(const struct heap *heap) {
    return heap == late_heap;
}
