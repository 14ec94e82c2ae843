/* realloc.
 *
 * A block that must move because it grew will probably grow again: its new place has room on its right (ALLOC_ROOMY),
 * so that growing byte by byte moves it only a few times; and a quarter of that room is its own, since other blocks
 * that grow take what is free. A large one that is extended takes a 32nd more than requested, so that this happens some
 * twenty times until it has doubled, however small the steps are. */
/* SPDX-License-Identifier: MIT */
#include "heap/resize.h"
#include "base/probe.h"
#include "heap/free_check.h"
#include "heap/registry.h"
#include "heap/resize_copy.h"
#include "heap/resize_large.h"
#include "heap/sample.h"
#include "heap/tick.h"
#include "span/medium_resize.h"
#include "span/small_region.h"

STARTUP_TEXT static void *resize_slab(void *p, struct unit *slab, size_t size) {
    debug_check(size <= ALLOC_BYTES_MAX && span_unit(p) == slab);
    free_check_slab("realloc", p, slab);
    size_t bytes = slab->block_bytes;
    if (size <= bytes && size > bytes / 2) return p;
    if (size <= bytes && class_of(size) == slab->class) return p;
    return resize_by_copy(p, bytes, size, size > bytes ? ALLOC_ROOMY : ALLOC_TIGHT);
}

static NOINLINE REDZONE_TEXT void *resize_zoned(void *p, size_t size) {
    size_t bytes = free_check_zoned("realloc", p);
    if (unlikely(size > ALLOC_BYTES_MAX)) return NULL;
    return resize_by_copy(p, bytes, size, size > bytes ? ALLOC_ROOMY : ALLOC_TIGHT);
}

/* A block beyond level 2's longest becomes a large one where it is, and stays one when it cannot grow further: so not
 * in the hardened build, where a refused request may not move the end, at which the canary is. */
static void *resize_medium(void *p, size_t size) {
    debug_check(size <= ALLOC_BYTES_MAX);
    struct granule *slot = free_look_medium(p);
    if (unlikely(!slot)) return resize_zoned(p, size);
    uint32_t have = granule_count(slot);
    size_t bytes = (size_t)have << GRANULE_SHIFT;
    if (size > bytes) {
        if (size <= MEDIUM_BYTES_MAX) {
            uint32_t count = (uint32_t)granules_to_hold(size);
            uint32_t wish = (uint32_t)(resize_with_slack(size, bytes) >> GRANULE_SHIFT);
            if (medium_extend(slot, count, wish)) return p;
        } else if (!hardened() && size <= (size_t)SPAN_UNITS_MAX << UNIT_SHIFT) {
            uint32_t count = (uint32_t)units_to_hold(size);
            struct unit *unit = medium_become_large(slot, count);
            if (unit) return unit->count >= count ? p : resize_grow_large(unit, size);
        }
        return resize_by_copy(p, bytes, size, ALLOC_ROOMY);
    }
    if (size <= CLASS_BYTES_MAX) return size > bytes / 2 ? p : resize_by_copy(p, bytes, size, ALLOC_TIGHT);
    uint32_t count = (uint32_t)granules_to_hold(size);
    if (have - count >= resize_spare_granules(have)) medium_resize(slot, count);
    return p;
}

STARTUP_TEXT static void *resize_any(void *p, size_t size) {
    debug_check(p != NULL);
    struct unit *unit = free_look_unit(p);
    if (unlikely(!unit)) return resize_zoned(p, size);
    if (unlikely(size > ALLOC_BYTES_MAX)) return NULL;
    if (unit->kind == UNIT_SLAB) return resize_slab(p, unit, size);
    heap_enter(); /* a program may do nothing but resize for long, so count a slow path */
    if (resize_heap()) pace_slow(heap_self);
    if (unit->kind == UNIT_MEDIUM) return resize_medium(p, size);
    void *new = resize_large(p, unit, size);
    PROBE_3(large_resize, p, new, size);
    return new;
}

/* The slab of a small block that stays small, where no profiler has to be told because the slab has no mark; else NULL.
 */
static struct unit *resize_unmarked(const void *p, size_t size) {
    size_t offset = (size_t)((const char *)p - load_relaxed(span_home.base));
    if (size > CLASS_BYTES_MAX || offset >= load_relaxed(span_home.bytes)) return NULL;
    struct unit *unit = span_line(&span_home, offset);
    return load_relaxed(unit->kind) == UNIT_SLAB && load_relaxed(unit->start_limit) > 0 ? unit : NULL;
}

/* What a profiler knew of the block ends, and the new one counts like any other that is allocated; but for a small one
 * that stays where it is: it has been counted. */
static NOINLINE void *resize_sampled(void *p, size_t size) {
    struct unit *unit = resize_unmarked(p, size);
    if (likely(unit)) return resize_slab(p, unit, size);
    unit = free_look_unit(p);
    if (unlikely(!unit)) return resize_zoned(p, size);
    struct heap *heap = resize_heap();
    if (unit->kind == UNIT_SLAB && size <= CLASS_BYTES_MAX && !sample_is_marked(unit, p)) return resize_any(p, size);
    bool known = sample_forget(unit, p);
    if (heap) heap->sample.holds = true;
    void *new = resize_any(p, size);
    if (heap) heap->sample.holds = false;
    if (heap && new) sample_resized(heap, new, size, new != p ? SAMPLE_MOVED : known ? SAMPLE_KNOWN : SAMPLE_UNKNOWN);
    return new;
}

STARTUP_TEXT void *heap_resize(void *p, size_t size) {
    if (small_region()) return small_region_resize(p, size);
    if (!config_bounded && unlikely(load_relaxed(heap_fast) != heap_self)) heap_for_thread(); /* it was alerted */
    void *new = likely(!load_relaxed(sample_hooks)) ? resize_any(p, size) : resize_sampled(p, size);
    if (likely(resize_heap())) heap_tick_if_due(heap_self);
    return new;
}
