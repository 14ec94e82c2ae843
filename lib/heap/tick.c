/* What is done now and then.
 *
 * There is no background thread (fork, seccomp and the loader make one a hazard): the slow paths of whoever is
 * awake do the purging, a bounded step at a time. While memory waits to be purged every slow path looks at the
 * clock, because a program that has just freed its peak may take very few of them. */
#include "heap/tick.h"
#include "heap/cache.h"
#include "heap/heap.h"
#include "span/purge.h"
#include <heapalloc/port.h>

enum {
    PURGE_EXTENTS = 64,
    IDLE_COLLECTS = 32, /* waiting slabs looked at per class and tick */
    PURGE_BLOCKS = 256,
    KEEP_GRANULES = 256,
    PENDING_UNITS = 128, /* 2 MiB: less is not worth the clock */
};

uint32_t tick_decay_ms = 500;

/* Take what others have freed into waiting slabs, and keep at most one empty slab: nobody else will look. */
static void collect_idle(struct heap *heap) {
    for (uint32_t class = 1; class < CLASS_COUNT; class++) {
        struct unit *slab = heap->waiting[class].first, *next;
        for (int i = 0; slab && i < IDLE_COLLECTS; i++, slab = next) {
            next = slab->next;
            owner_collect(slab, heap->secret);
            if (slab->used_blocks > 0) continue;
            heap_unwait(heap, slab);
            slab_give(slab, heap->secret);
        }
    }
}

/* What has lain in the heap for a whole decay time goes down to level 1, as old as it is. */
static void let_go(struct heap *heap, uint32_t now_ms) {
    store_relaxed(units.now_ms, now_ms - tick_decay_ms - 1);
    cache_flush(heap);
    collect_idle(heap);
    medium_purge(load_relaxed(medium.used_units) * (GRANULES_PER_UNIT / 16) + KEEP_GRANULES, PURGE_BLOCKS);
}

/* Much is dirty: look at the clock on every slow path from now on, and empty the bins, so that there will be some. */
static void watch(struct heap *heap) {
    heap->slow_left = 1;
    if (!heap->watching) heap_spill(heap);
    heap->watching = true;
}

void heap_tick(struct heap *heap) {
    heap->slow_left = TICK_SLOW_PATHS; /* first: the clock may be somebody's wrapper that allocates */
    uint64_t now = port_now_ms();
    if (now - heap->tick_ms >= tick_decay_ms) {
        heap->tick_ms = now;
        let_go(heap, (uint32_t)now);
    }
    store_relaxed(units.now_ms, (uint32_t)now);
    if (load_relaxed(units.dirty_units) > 0) purge_before((uint32_t)now - tick_decay_ms, PURGE_EXTENTS);
    if (load_relaxed(units.dirty_units) > PENDING_UNITS)
        watch(heap);
    else
        heap->watching = false;
}

bool heap_trim(struct heap *heap) {
    uint32_t now = (uint32_t)port_now_ms();
    store_relaxed(units.now_ms, now);
    if (heap) {
        heap_spill(heap);
        heap_flush(heap);
        collect_idle(heap);
    }
    medium_purge(0, UINT32_MAX);
    return purge_before(now + 1, UINT32_MAX) > 0;
}
