/* realloc.
 *
 * A block that must move because it grew will probably grow again: its new place has room on its right (ALLOC_ROOMY),
 * so that growing byte by byte moves it only a few times; and a quarter of that room is its own, since other blocks
 * that grow take what is free. A large one that is extended takes a 32nd more than requested, so that this happens some
 * twenty times until it has doubled, however small the steps are. */
/* SPDX-License-Identifier: MIT */
#include "heap/resize.h"
#include "base/probe.h"
#include "heap/entry_alloc.h"
#include "heap/free.h"
#include "heap/free_check.h"
#include "heap/registry.h"
#include "heap/sample.h"
#include "heap/sized.h"
#include "heap/tick.h"
#include "span/purge.h"
#include "span/small_region.h"
#include "span/units.h"
#include "span/unmapped.h"
#include <heapalloc/port.h>

enum {
    GROWTH_PART = 32,
    MOVE_BYTES_MIN = 1 << 20, /* below, copying costs less than changing page tables */
    COPY_PAGE_BYTES = 4096,
    COPY_STEP_BYTES = 2 << 20,
    ROOMY_UNITS_MIN = MOVE_BYTES_MIN / UNIT_BYTES,
    ROOM_UNITS_MAX = (256 << 20) / UNIT_BYTES,
};

/* The calling thread's heap, or NULL. */
static struct heap *live_heap(void) {
    return heap_self->state == HEAP_LIVE ? heap_self : NULL;
}

/* Blocks move to where no red zones are: who resizes a block may do so again, and should not pay for them each time. */
static void *move_by_copy(void *p, size_t old_bytes, size_t size, enum alloc_room room) {
    debug_check(p != NULL && old_bytes > 0);
    struct heap *heap = heap_self;
    void *new = NULL;
    if (room == ALLOC_ROOMY && heap->state == HEAP_LIVE && size > CLASS_BYTES_MAX && size <= ALLOC_BYTES_MAX)
        new = alloc_wide(heap, resize_with_slack(size), ALLOC_ANYHOW, ALLOC_ROOMY);
    if (!new) new = heap_alloc_plain(size, heap);
    if (unlikely(!new &&size <= old_bytes)) store_relaxed(sized_shrink_failed, true);
    if (unlikely(!new)) return size <= old_bytes ? p : NULL; /* becoming smaller needs no memory */
    memcpy(new, p, min_size(old_bytes, size));
    free_live(p, live_heap());
    return new;
}

static void *resize_slab(void *p, struct unit *slab, size_t size) {
    debug_check(size <= ALLOC_BYTES_MAX && span_unit(p) == slab);
    free_check_slab("realloc", p, slab);
    size_t bytes = slab->block_bytes;
    if (size <= bytes && size > bytes / 2) return p;
    if (size <= bytes && class_of(size) == slab->class) return p;
    return move_by_copy(p, bytes, size, size > bytes ? ALLOC_ROOMY : ALLOC_TIGHT);
}

static NOINLINE STARTUP_TEXT void *resize_zoned(void *p, size_t size) {
    size_t bytes = free_check_zoned("realloc", p);
    if (unlikely(size > ALLOC_BYTES_MAX)) return NULL;
    return move_by_copy(p, bytes, size, size > bytes ? ALLOC_ROOMY : ALLOC_TIGHT);
}

static void *resize_medium(void *p, size_t size) {
    debug_check(size <= ALLOC_BYTES_MAX);
    struct granule *slot = free_look_medium(p);
    if (unlikely(!slot)) return resize_zoned(p, size);
    uint32_t have = granule_count(slot);
    size_t bytes = (size_t)have << GRANULE_SHIFT;
    if (size > bytes) {
        if (size <= MEDIUM_BYTES_MAX) {
            uint32_t count = (uint32_t)granules_to_hold(size);
            uint32_t wish = (uint32_t)(resize_with_slack(size) >> GRANULE_SHIFT);
            if (medium_extend(slot, count, wish)) return p;
        }
        return move_by_copy(p, bytes, size, ALLOC_ROOMY);
    }
    if (size <= CLASS_BYTES_MAX) return size > bytes / 2 ? p : move_by_copy(p, bytes, size, ALLOC_TIGHT);
    uint32_t count = (uint32_t)granules_to_hold(size);
    if (have - count >= resize_spare_granules(have)) medium_resize(slot, count);
    return p;
}

static bool is_zero(const char *page) {
    const word_pair *word = (const word_pair *)page;
    for (size_t i = 0; i < COPY_PAGE_BYTES / sizeof(*word); i += 4) {
        word_pair any = word[i] | word[i + 1] | word[i + 2] | word[i + 3];
        if (any[0] | any[1]) return false;
    }
    return true;
}

static size_t zero_pages(const char *from, size_t bytes) {
    size_t count = 0;
    for (size_t at = 0; at < bytes; at += COPY_PAGE_BYTES) count += is_zero(from + at);
    return count;
}

/* Copy whole pages. Pages that are zero on both sides, perhaps never touched, are skipped, so that they do not become
 * resident; and if many are zero in `from`, `to` is purged first. */
static void copy_pages(char *to, const char *from, size_t bytes, bool clean) {
    debug_check(bytes % COPY_PAGE_BYTES == 0);
    if (!clean && zero_pages(from, bytes) * COPY_PAGE_BYTES > bytes / 4) clean = port_purge(to, bytes);
    for (size_t at = 0; at < bytes; at += COPY_PAGE_BYTES)
        if (!is_zero(from + at) || !(clean || is_zero(to + at))) memcpy(to + at, from + at, COPY_PAGE_BYTES);
}

/* Copy all of `from` to the front of `to`, and purge what was copied step by step, so that the peak rises by one step.
 */
static void copy_large(struct unit *to, struct unit *from) {
    debug_check(to->count >= from->count && to->kind == UNIT_LARGE);
    size_t bytes = (size_t)from->count << UNIT_SHIFT;
    bool clean = to->flags & UNIT_CLEAN, goes = purge_decay_ms != PURGE_NEVER && port_page_bytes() <= UNIT_BYTES;
    to->flags &= (uint8_t)~UNIT_CLEAN;
    for (size_t at = 0; at < bytes; at += COPY_STEP_BYTES) {
        size_t step = min_size(bytes - at, COPY_STEP_BYTES);
        copy_pages(to->memory + at, from->memory + at, step, clean);
        goes = goes && port_purge(from->memory + at, step);
    }
    from->flags = (uint8_t)((from->flags & UNIT_MOVED) | (goes ? UNIT_CLEAN : 0));
}

/* Give back a block that was copied or moved; its flags say whether it is clean, dirty or unmapped. */
static void leave_large(struct unit *unit) {
    uint8_t seen = UNIT_LARGE;
    if (unlikely(!cas_alone(unit->kind, &seen, UNIT_LEAVING))) check_already_free("realloc", unit->memory);
    units_give(unit);
    purge_excess(DIRTY_KEPT_UNITS);
    if (live_heap()) pace_given(heap_self);
}

/* Grow a large block in place: into free units, or, if it was moved, into unmapped ones. */
static bool extend_large(struct unit *unit, uint32_t count) {
    debug_check(unit->kind == UNIT_LARGE && count > unit->count);
    return unit->flags & UNIT_MOVED ? unmapped_extend(unit, count) : units_extend(unit, count);
}

/* The room for a block that is copied: as much again as it has units, three times as much if it outgrew such room. */
static uint32_t room_for(const struct unit *unit, uint32_t count) {
    if (count < ROOMY_UNITS_MIN || count > SPAN_UNITS_MAX / 2) return 0;
    uint32_t room = unit->flags & UNIT_ROOMY ? 3 * count : count;
    return room < ROOM_UNITS_MAX ? room : ROOM_UNITS_MAX;
}

/* Take `count` units to copy a block to, with room behind them if that is untouched and so costs no memory. The room
 * belongs to the block, because neighbours that grow too would take it: without it, each of many blocks that grow in
 * turn is copied at each step. */
static struct unit *take_with_room(uint32_t count, uint32_t room) {
    debug_check(!lock_is_mine(&units.lock) && room <= ROOM_UNITS_MAX);
    struct unit *to = room > 0 ? units_take_top(count + room, UNIT_LARGE) : NULL;
    if (!to) return units_take_top(count, UNIT_LARGE);
    if (!(to->flags & UNIT_CLEAN)) {
        units_shrink(to, count);
        return to;
    }
    to->wanted = count;
    to->flags |= UNIT_ROOMY;
    return to;
}

/* Resize a block within its room. False: it has none, or becomes so much shorter that its tail should be given back. */
static bool stay_in_room(struct unit *unit, uint32_t count) {
    if (!(unit->flags & UNIT_ROOMY)) return false;
    if (count > unit->wanted) unit->wanted = count;
    return resize_fits(unit->wanted, count);
}

static void *grow_large(struct unit *unit, size_t size) {
    debug_check(unit->kind == UNIT_LARGE && size > (size_t)unit->count << UNIT_SHIFT);
    if (unlikely(size > (size_t)SPAN_UNITS_MAX << UNIT_SHIFT)) return NULL;
    uint32_t count = (uint32_t)units_to_hold(size);
    size_t bytes = (size_t)unit->count << UNIT_SHIFT;
    if (extend_large(unit, count + count / GROWTH_PART) || extend_large(unit, count)) {
        if (unit->flags & UNIT_ROOMY) unit->wanted = count;
        return unit->memory;
    }
    if (bytes < MOVE_BYTES_MIN) return move_by_copy(unit->memory, bytes, size, ALLOC_ROOMY);
    struct unit *to = unmapped_move(unit, count);
    if (!to) {
        to = take_with_room(count, room_for(unit, count));
        if (!to) return NULL;
        copy_large(to, unit);
    }
    leave_large(unit);
    return to->memory;
}

static void *resize_large(void *p, struct unit *unit, size_t size) {
    debug_check(unit->kind == UNIT_LARGE && size <= ALLOC_BYTES_MAX);
    free_check_large("realloc", p, unit);
    size_t bytes = (size_t)unit->count << UNIT_SHIFT;
    if (size > bytes) return grow_large(unit, size);
    uint32_t count = (uint32_t)units_to_hold(size);
    if (resize_fits(unit->count, count) || stay_in_room(unit, count)) return p;
    if (size <= MEDIUM_BYTES_MAX && size <= bytes / 2) {
        void *new = move_by_copy(p, bytes, size, ALLOC_TIGHT);
        if (new != p) return new;
    }
    unit->flags &= UNIT_MOVED; /* what is cut off is not clean any more */
    units_shrink(unit, count);
    return p;
}

static void *resize_any(void *p, size_t size) {
    debug_check(p != NULL);
    struct unit *unit = free_look_unit(p);
    if (unlikely(!unit)) return resize_zoned(p, size);
    if (unlikely(size > ALLOC_BYTES_MAX)) return NULL;
    if (unit->kind == UNIT_SLAB) return resize_slab(p, unit, size);
    heap_enter(); /* a program may do nothing but resize for long, so count a slow path */
    if (live_heap()) pace_slow(heap_self);
    if (unit->kind == UNIT_MEDIUM) return resize_medium(p, size);
    void *new = resize_large(p, unit, size);
    PROBE_3(large_resize, p, new, size);
    return new;
}

/* True when no profiler has to be told: there is none, or the block is a small one of a slab without a mark, and stays
 * small. */
static bool resize_is_plain(const void *p, size_t size) {
    if (likely(!load_relaxed(sample_hooks))) return true;
    size_t offset = (size_t)((const char *)p - span_home.base);
    if (size > CLASS_BYTES_MAX || offset >= load_relaxed(span_home.bytes)) return false;
    const struct unit *unit = span_line(&span_home, offset);
    return load_relaxed(unit->kind) == UNIT_SLAB && load_relaxed(unit->start_limit) > 0;
}

/* What a profiler knew of the block ends, and the new one counts like any other that is allocated; but for a small one
 * that stays where it is: it has been counted. */
static NOINLINE void *resize_sampled(void *p, size_t size) {
    struct unit *unit = free_look_unit(p);
    if (unlikely(!unit)) return resize_zoned(p, size);
    struct heap *heap = live_heap();
    if (unit->kind == UNIT_SLAB && size <= CLASS_BYTES_MAX && !sample_is_marked(unit, p)) return resize_any(p, size);
    bool known = sample_forget(unit, p);
    if (heap) heap->sample.holds = true;
    void *new = resize_any(p, size);
    if (heap) heap->sample.holds = false;
    if (heap && new) sample_resized(heap, new, size, new != p ? SAMPLE_MOVED : known ? SAMPLE_KNOWN : SAMPLE_UNKNOWN);
    return new;
}

void *heap_resize(void *p, size_t size) {
    if (small_region()) return small_region_resize(p, size);
    void *new = likely(resize_is_plain(p, size)) ? resize_any(p, size) : resize_sampled(p, size);
    if (likely(live_heap())) heap_tick_if_due(heap_self);
    return new;
}
