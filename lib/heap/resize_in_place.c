/* realloc in two halves, for callers that copy by themselves: in place, or a new block that has room to grow. */
/* SPDX-License-Identifier: MIT */
#include "heap/resize_in_place.h"
#include "heap/entry_alloc.h"
#include "heap/free_check.h"
#include "heap/resize.h"
#include "heap/sample.h"
#include "heap/tick.h"
#include "span/medium_resize.h"
#include "span/small_region.h"
#include "span/units.h"

static bool slab_here(const char *function, void *p, struct unit *slab, size_t size, size_t *usable_bytes) {
    debug_check(slab->kind == UNIT_SLAB);
    free_check_slab(function, p, slab);
    *usable_bytes = slab->block_bytes;
    return size <= *usable_bytes && (size > *usable_bytes / 2 || class_of(size) == slab->class);
}

static bool grow_medium(struct granule *slot, size_t size) {
    debug_check(granule_state(slot) == GRANULE_USED && size > CLASS_BYTES_MAX);
    uint32_t count = (uint32_t)granules_to_hold(size);
    size_t bytes = (size_t)granule_count(slot) << GRANULE_SHIFT;
    uint32_t wish = (uint32_t)(resize_with_slack(size, bytes) >> GRANULE_SHIFT);
    return size <= MEDIUM_BYTES_MAX && medium_extend(slot, count, wish);
}

static COLD bool zoned_here(const char *function, const void *p, size_t size, size_t *usable_bytes) {
    *usable_bytes = free_check_zoned(function, p);
    return size <= *usable_bytes && size > *usable_bytes / 2;
}

/* False when the block shrinks to less than half of its size and to a class's: then it moves. */
static bool medium_here(const char *function, void *p, size_t size, size_t *usable_bytes) {
    struct granule *slot = free_look_medium(p);
    if (unlikely(!slot)) return zoned_here(function, p, size, usable_bytes);
    *usable_bytes = (size_t)granule_count(slot) << GRANULE_SHIFT;
    if (size <= CLASS_BYTES_MAX) return size > *usable_bytes / 2 && size <= *usable_bytes;
    if (size > *usable_bytes) return grow_medium(slot, size);
    uint32_t have = granule_count(slot), count = (uint32_t)granules_to_hold(size);
    if (have - count >= resize_spare_granules(have)) medium_resize(slot, count);
    return true;
}

static bool large_here(const char *function, void *p, struct unit *unit, size_t size, size_t *usable_bytes) {
    debug_check(unit->kind == UNIT_LARGE && size <= ALLOC_BYTES_MAX);
    free_check_large(function, p, unit);
    *usable_bytes = unit_bytes(unit);
    if (size > (size_t)SPAN_UNITS_MAX << UNIT_SHIFT || unit->flags & UNIT_MOVED) return false;
    if (size <= MEDIUM_BYTES_MAX && size <= *usable_bytes / 2) return false;
    uint32_t count = (uint32_t)units_to_hold(size);
    if (count > unit->count) return units_extend(unit, count);
    if (count < unit->count) unit->flags &= UNIT_MOVED; /* what is cut off is not clean any more */
    return units_shrink(unit, count);
}

static bool resize_unit_here(const char *function, struct unit *unit, void *p, size_t size, size_t *usable_bytes) {
    if (unit->kind == UNIT_SLAB) return slab_here(function, p, unit, size, usable_bytes);
    if (unit->kind == UNIT_MEDIUM) return medium_here(function, p, size, usable_bytes);
    return large_here(function, p, unit, size, usable_bytes);
}

bool heap_resize_in_place(const char *function, void *p, size_t size, size_t *usable_bytes) {
    if (small_region()) return small_region_resize_in_place(function, p, size, usable_bytes);
    struct unit *unit = free_look_unit(p);
    if (unlikely(!unit)) return zoned_here(function, p, size, usable_bytes);
    struct heap *heap = heap_self;
    bool looks = heap->sample.rate > 0, known = looks && sample_forget(unit, p);
    bool done = resize_unit_here(function, unit, p, size, usable_bytes);
    if (looks) sample_resized(heap, p, done ? size : *usable_bytes, known ? SAMPLE_KNOWN : SAMPLE_UNKNOWN);
    return done;
}

void *heap_alloc_growing(size_t size, size_t old_bytes) {
    struct heap *heap = heap_self;
    if (config_bounded) return heap_alloc_slow(size, heap); /* a second try would double what the call takes */
    bool wide = heap->state == HEAP_LIVE && size > CLASS_BYTES_MAX && size <= ALLOC_BYTES_MAX;
    size_t wish = wide ? resize_with_slack(size, old_bytes) : size;
    void *p = wish > size ? alloc_wide(heap, wish, ALLOC_ANYHOW, ALLOC_ROOMY) : NULL;
    return p ? heap_return(heap, sample_look(heap, p, size)) : heap_alloc_slow(size, heap);
}
