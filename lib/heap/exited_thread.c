/* Allocation for threads whose last destructor has run. */
/* SPDX-License-Identifier: MIT */
#include "heap/exited_thread.h"
#include "heap/alloc.h"
#include "heap/registry.h"
#include "span/units.h"

struct heap heap_ended;

struct lock exited_lock = LOCK_OF(RANK_EXITED);
static struct heap *exited_heap;

/* Take whole units, which level 1 serves even while a fork is under way, as it may be at a thread's first call. */
static void *during_fork(size_t size) {
    debug_check(size <= PTRDIFF_MAX);
    if (size > (size_t)SPAN_UNITS_MAX << UNIT_SHIFT) return NULL;
    struct unit *unit = units_take((uint32_t)units_to_hold(size) + (size == 0), UNIT_LARGE);
    store_relaxed(heaps.has_larger_blocks, true);
    return unit ? unit->memory : NULL;
}

void *exited_alloc(size_t size) {
    debug_check(!lock_is_mine(&exited_lock));
    if (size > ALLOC_BYTES_MAX) return NULL;
    if (!lock_take(&exited_lock)) return during_fork(size);
    if (!exited_heap) exited_heap = heap_create();
    void *p = exited_heap ? alloc_live(exited_heap, size, ALLOC_PLAIN) : NULL;
    lock_give(&exited_lock);
    return p;
}

bool exited_owns(const struct heap *heap) {
    return heap == exited_heap;
}
