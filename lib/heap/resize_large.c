/* realloc of large blocks. */
/* SPDX-License-Identifier: MIT */
#include "heap/resize_large.h"
#include "heap/free_check.h"
#include "heap/pace.h"
#include "heap/resize_copy.h"
#include "heap/resize_room.h"
#include "span/medium_resize.h"
#include "span/moved.h"
#include "span/purge.h"
#include "span/units.h"
#include "span/unmapped.h"
#include <heapalloc/port.h>

enum {
    GROWTH_PART = 32,                          /* a block that grows by less takes so much more */
    MOVE_BYTES_MIN = 1 << 20,                  /* below, copying costs less than changing page tables */
    MOVED_UNITS_MIN = (32 << 20) / UNIT_BYTES, /* a dense block below is copied */
    ROOMY_UNITS_MIN = MOVE_BYTES_MIN / UNIT_BYTES,
    ROOM_UNITS_MAX = (256 << 20) / UNIT_BYTES,
};

/* Give back a block that was copied or moved; its flags say whether it is clean, dirty or unmapped. */
static void leave_large(struct unit *unit) {
    debug_check(!lock_is_mine(&units.lock));
    uint8_t seen = UNIT_LARGE;
    if (unlikely(!cas_alone(unit->kind, &seen, UNIT_LEAVING))) check_already_free("realloc", unit->memory);
    if (hardened() && !load_relaxed(heaps.reuses_at_once)) unmapped_free(unit);
    units_give(unit);
    purge_excess(DIRTY_KEPT_UNITS);
    if (resize_heap()) pace_given(heap_self);
}

/* Grow a large block in place: into free units, of either level, or, if it was moved, into unmapped ones. */
STARTUP_TEXT static bool extend_large(struct unit *unit, uint32_t count) {
    debug_check(unit->kind == UNIT_LARGE && count > unit->count);
    if (unit->flags & UNIT_MOVED) return moved_extend(unit, count);
    return units_extend(unit, count) || medium_lengthen(unit, count - unit->count);
}

/* The room for a block that is copied: as much again as it has units, three times as much if it outgrew such room. */
static uint32_t room_for(const struct unit *unit, uint32_t count) {
    debug_check(load_relaxed(unit->kind) == UNIT_LARGE);
    if (count < ROOMY_UNITS_MIN || count > SPAN_UNITS_MAX / 2) return 0;
    uint32_t room = unit->flags & UNIT_ROOMY ? 3 * count : count;
    return room < ROOM_UNITS_MAX ? room : ROOM_UNITS_MAX;
}

/* A block is dense when three quarters of it have memory. */
static enum resize_density density_of(const struct unit *unit) {
    debug_check(!lock_is_mine(&units.lock));
    size_t bytes = unit_bytes(unit);
    if (port_page_bytes() > UNIT_BYTES) return RESIZE_SPARSE;
    return port_resident(unit->memory, bytes) >= bytes - bytes / 4 ? RESIZE_DENSE : RESIZE_SPARSE;
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
    debug_check(load_relaxed(unit->kind) == UNIT_LARGE && count > 0);
    if (!(unit->flags & UNIT_ROOMY)) return false;
    if (count > unit->wanted) unit->wanted = count;
    return resize_fits(unit->wanted, count);
}

/* Whether a block grows by so little that without room it would have to be copied again and again. */
static bool is_step(const struct unit *unit, uint32_t count) {
    debug_check(count > unit->count);
    uint32_t growth = count - unit->count;
    return growth == 1 || growth < unit->count / GROWTH_PART;
}

/* Move a block, by its pages or by copying, and return its new place. A dense block that is not very large, and does
 * not grow by small steps, is copied to memory that was touched, and leaves such memory to the next one: so blocks that
 * grow in turn neither need fresh pages nor give any back. */
static struct unit *move_large(struct unit *unit, uint32_t count) {
    debug_check(unit->kind == UNIT_LARGE && count > unit->count);
    enum resize_density density = count < MOVED_UNITS_MIN && !is_step(unit, count) ? density_of(unit) : RESIZE_SPARSE;
    struct unit *to = density == RESIZE_DENSE ? units_take_dirty(count, UNIT_LARGE) : moved_take(unit, count);
    if (to && to->flags & UNIT_MOVED) return to;
    if (!to) to = take_with_room(count, room_for(unit, count));
    if (to) resize_copy_large(to, unit, density);
    return to;
}

STARTUP_TEXT void *resize_grow_large(struct unit *unit, size_t size) {
    debug_check(unit->kind == UNIT_LARGE && size > unit_bytes(unit));
    if (unlikely(size > (size_t)SPAN_UNITS_MAX << UNIT_SHIFT)) return NULL;
    uint32_t count = (uint32_t)units_to_hold(size);
    size_t bytes = unit_bytes(unit);
    uint32_t slack = is_step(unit, count) ? count / GROWTH_PART : 0;
    if (extend_large(unit, count + slack) || (slack > 0 && extend_large(unit, count))) {
        if (unit->flags & UNIT_ROOMY) unit->wanted = count;
        return unit->memory;
    }
    if (bytes < MOVE_BYTES_MIN) return resize_by_copy(unit->memory, bytes, size, ALLOC_ROOMY);
    struct unit *to = move_large(unit, count);
    if (!to) return NULL;
    leave_large(unit);
    return to->memory;
}

STARTUP_TEXT void *resize_large(void *p, struct unit *unit, size_t size) {
    debug_check(unit->kind == UNIT_LARGE && size <= ALLOC_BYTES_MAX);
    free_check_large("realloc", p, unit);
    size_t bytes = unit_bytes(unit);
    if (size > bytes) return resize_grow_large(unit, size);
    uint32_t count = (uint32_t)units_to_hold(size);
    if (resize_fits(unit->count, count) || stay_in_room(unit, count)) return p;
    if (size <= MEDIUM_BYTES_MAX && size <= bytes / 2) {
        void *new = resize_by_copy(p, bytes, size, ALLOC_TIGHT);
        if (new != p) return new;
    }
    unit->flags &= UNIT_MOVED; /* what is cut off is not clean any more */
    units_shrink(unit, count);
    return p;
}
