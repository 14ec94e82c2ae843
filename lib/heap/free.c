/* Freeing a block: the core of every free. */
/* SPDX-License-Identifier: MIT */
#include "heap/free.h"
#include "base/alone.h"
#include "base/probe.h"
#include "heap/bin.h"
#include "heap/cache.h"
#include "heap/empty.h"
#include "heap/free_check.h"
#include "heap/guard_slot.h"
#include "heap/pace.h"
#include "heap/redzone.h"
#include "heap/remote.h"
#include "heap/sample.h"
#include "span/purge.h"
#include "span/units.h"
#include "span/unmapped.h"

/* Free into an own slab that is in a further span, or a block that looked free by chance. */
static void free_own(struct block *block, struct unit *slab, struct heap *heap) {
    debug_check(slab->owner == heap && slab->used_blocks > 0);
    slab->used_blocks--;
    heap_list(block, slab, heap);
    if (unlikely(slab->used_blocks == 0)) heap_slab_empty(slab, heap);
}

/* The slab has blocks that a profiler knows, or purged pages, so this is rare but not cold: it lies with the code
 * around it. Its flags are its owner's to look at. */
STARTUP_TEXT static NOINLINE void tell_freed(const void *p, struct unit *slab, const struct heap *heap) {
    if (heap && load_relaxed(slab->owner) == heap && slab->flags & UNIT_SAMPLED)
        sample_freed_own(p, slab, heap);
    else
        sample_freed(p);
}

static void free_slab(void *p, struct unit *slab, struct heap *heap) {
    debug_check(span_unit(p) == slab);
    free_check_slab("free", p, slab);
    if (unlikely(load_relaxed(slab->start_limit) == 0)) tell_freed(p, slab, heap);
    if (!heap) {
        remote_free_without_heap(p, slab);
    } else if (load_relaxed(slab->owner) == heap) {
        free_own(p, slab, heap);
    } else {
        remote_free(p, heap, slab);
        pace_slow(heap);
    }
}

/* Free the block of level 2 at `p`, whose slot this is. */
STARTUP_TEXT static void free_granules(char *p, struct granule *slot, struct heap *heap) {
    debug_check(span_slot_memory(span_of_slot(slot), slot) == p);
    uint32_t count = granule_count(slot), seen = load_relaxed(slot->head);
    if (unlikely(seen & GRANULE_SAMPLED)) sample_freed(p);
    bool keeps = heap && count > CACHE_GRANULES_MAX && count <= heap->recent_units * GRANULES_PER_UNIT &&
                 span_of(p) == &span_home;
    if (unlikely(!cas_alone(slot->head, &seen, count | GRANULE_CACHED))) check_already_free("free", p);
    if (RECENT_UNITS_MAX > 0 && keeps) {
        struct granule *last = take_recent(heap->recent_medium);
        store_release(heap->recent_medium, slot);
        slot = last;
    }
    if (slot) medium_give(slot);
    if (!heap) return;
    if (count <= CACHE_GRANULES_MAX && count > heap->cache_room) heap->cache_refused = count;
    pace_given(heap);
}

/* Free a block with red zones, or report what is no block. One of level 2 is not for the cache: it is longer than
 * others of its size, so that a request of that size would hardly find it there. */
static NOINLINE REDZONE_TEXT void free_zoned(char *p, struct heap *heap) {
    debug_check(p != NULL && !lock_is_mine(&medium.lock));
    size_t bytes = free_check_zoned("free", p);
    if (unlikely(guard_has(p))) return guard_region.hooks->give(p);
    char *block = redzone_free(p, bytes);
    if (block)
        free_granules(block, span_slot(span_of(block), block), heap);
    else if (heap)
        pace_given(heap);
}

static void free_medium(char *p, struct heap *heap) {
    debug_check(p != NULL && !lock_is_mine(&medium.lock));
    struct granule *slot = free_look_medium(p);
    if (likely(slot != NULL))
        free_granules(p, slot, heap);
    else
        free_zoned(p, heap);
}

static void free_large(void *p, struct unit *unit, struct heap *heap) {
    debug_check(span_unit(p) == unit);
    free_check_large("free", p, unit);
    if (unlikely(unit->flags & UNIT_SAMPLED)) sample_freed(p);
    uint8_t seen = UNIT_LARGE;
    if (unlikely(!cas_alone(unit->kind, &seen, UNIT_LEAVING))) check_already_free("free", p);
    PROBE_1(large_free, p);
    unit->flags &= UNIT_MOVED;
    if (hardened() && !load_relaxed(heaps.reuses_at_once)) {
        unmapped_free(unit);
    } else if (RECENT_UNITS_MAX > 0 && heap && unit->count <= heap->recent_units) {
        struct unit *last = take_recent(heap->recent_large);
        store_release(heap->recent_large, unit);
        unit = last;
    }
    if (unit) {
        units_give(unit);
        purge_excess(DIRTY_KEPT_UNITS);
    }
    if (heap) pace_given(heap);
}

STARTUP_TEXT void free_live(void *p, struct heap *heap) {
    debug_check(p != NULL && (!heap || heap->state == HEAP_LIVE));
    struct unit *unit = free_look_unit(p);
    if (unlikely(!unit)) return free_zoned(p, heap);
    switch (load_relaxed(unit->kind)) {
    case UNIT_SLAB: free_slab(p, unit, heap); break;
    case UNIT_MEDIUM: free_medium(p, heap); break;
    default: free_large(p, unit, heap); break;
    }
}
