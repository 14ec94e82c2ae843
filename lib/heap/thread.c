/* A thread's heap is given up when the thread ends. */
/* SPDX-License-Identifier: MIT */
#include "heap/thread.h"
#include "heap/abandon.h"
#include "heap/alert.h"
#include "heap/cache.h"
#include "heap/flush.h"
#include "heap/parked.h"
#include "heap/partial.h"
#include "heap/quarantine.h"
#include "heap/registry.h"
#include "heap/tick.h"

void heap_give_up(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    quarantine_flush(heap);
    heap_flush_bins(heap);
    cache_flush(heap);
    uint32_t units_left = heap->pushed_slabs; /* whose owners may not look for long */
    heap->pushed_slabs = 0;
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        struct size_class *of = &heap->classes[class];
        struct unit *slab = of->current;
        of->current = NULL;
        of->extra_slabs = 0;
        available_note(heap, class);
        units_left += (uint32_t)of->partial.count;
        if (slab) abandon_slab(slab);
        while ((slab = of->partial.first)) {
            partial_remove(heap, slab);
            abandon_slab(slab);
        }
    }
    if (units_left > 0) alert_ended(units_left, heap->seen_ms);
}

static void have_none(void) {
    heap_self = &heap_ended;
    store_relaxed(heap_fast, &heap_none);
}

/* It ticks first: threads may end one after the other while nobody else allocates. */
static void end(struct heap *heap) {
    debug_check(heap == heap_self && heap->state == HEAP_LIVE);
    heap_tick(heap);
    heap_give_up(heap);
    if (alert_is_due(PACE_PENDING_UNITS)) alert_others(heap);
    alert_leave(heap);
    have_none();
    __atomic_fetch_sub(&heaps.live, 1, __ATOMIC_RELAXED);
    parked_add(heap);
}

void heap_leave(void) {
    struct heap *heap = heap_self;
    if (heap->state == HEAP_LIVE) return end(heap);
    have_none();
}
