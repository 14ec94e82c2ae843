/* A thread's heap is given up when the thread ends. */
/* SPDX-License-Identifier: MIT */
#include "heap/thread.h"
#include "heap/abandon.h"
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
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        struct size_class *of = &heap->classes[class];
        struct unit *slab = of->current;
        of->current = NULL;
        of->extra_slabs = 0;
        available_note(heap, class);
        if (slab) abandon_slab(slab);
        while ((slab = of->partial.first)) {
            partial_remove(heap, slab);
            abandon_slab(slab);
        }
    }
}

void heap_leave(void) {
    struct heap *heap = heap_self;
    if (heap->state == HEAP_LIVE) heap_tick(heap); /* threads may end one after the other while nobody else allocates */
    heap_thread_ended = true;
    if (heap->state != HEAP_LIVE) return;
    heap_give_up(heap);
    heap_self = &heap_none;
    __atomic_fetch_sub(&heaps.live, 1, __ATOMIC_RELAXED);
    parked_add(heap);
}
