/* Growth: more memory at the tip, and further spans.
 *
 * Steps: 256 KiB while the heap is small, so that a short program maps little; later an eighth of the heap,
 * at most 32 MiB, so that growth costs one system call per many megabytes. */
/* SPDX-License-Identifier: MIT */
#include "span/grow.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/probe.h"
#include "span/span_reserve.h"
#include "span/units_free.h"
#include <heapalloc/port.h>

enum {
    SMALL_STEP_BYTES = 256 * 1024,
    SMALL_HEAP_BYTES = 4 * 1024 * 1024,
    LARGE_STEP_BYTES = 32 * 1024 * 1024,
    LARGE_HEAP_BYTES = 24 * 1024 * 1024, /* from here on whole huge pages are mapped, for span/prefault.h */
    HUGE_PAGE_BYTES = 2 * 1024 * 1024,
    TABLE_STEP_UNITS = 1024,
    LINES_STEP_BYTES = TABLE_STEP_UNITS * UNIT_LINE_BYTES,
    SLOTS_STEP_BYTES = TABLE_STEP_UNITS * GRANULES_PER_UNIT * sizeof(struct granule),
    FURTHER_SPAN_UNITS = 4096,
    FIRST_SPAN_UNITS = 32768,
};
#define HOME_SLOTS ((size_t)4 << 30)
#define HOME_UNITS ((size_t)16 << 30)

struct lock grow_gate = LOCK_OF(RANK_GATE);

static size_t table_steps(uint32_t tabled_units) {
    return ((size_t)tabled_units + 2) / TABLE_STEP_UNITS;
}

static char *lines_step(const struct span *span, size_t step) {
    return (char *)span->lines - UNIT_LINE_BYTES + step * LINES_STEP_BYTES;
}

static char *slots_step(const struct span *span, size_t step) {
    return (char *)span->slots + step * SLOTS_STEP_BYTES;
}

/* Unmap the lines and slots of the home span beyond those for `units` units, as many as there were before. */
static void unmap_tables(struct span *span, uint32_t units) {
    debug_check(lock_is_mine(&grow_gate));
    size_t step = table_steps(units), count = table_steps(span->tabled_units) - step;
    if (count == 0) return;
    port_unreserve(lines_step(span, step), count * LINES_STEP_BYTES);
    port_unreserve(slots_step(span, step), count * SLOTS_STEP_BYTES);
    span->tabled_units = units;
}

/* Map lines and slots for `units` units of the home span. Two lines are the edge and the one past the end. */
static bool map_tables(struct span *span, size_t units) {
    debug_check(lock_is_mine(&grow_gate));
    debug_check(span->stepwise && units <= span->limit_units);
    while (span->tabled_units < units) {
        size_t step = table_steps(span->tabled_units);
        if (!port_map(lines_step(span, step), LINES_STEP_BYTES)) return false;
        if (!port_map(slots_step(span, step), SLOTS_STEP_BYTES)) {
            port_unreserve(lines_step(span, step), LINES_STEP_BYTES);
            return false;
        }
        span->tabled_units = (uint32_t)((step + 1) * TABLE_STEP_UNITS - 2);
        if (step == 0) span->lines[-1].kind = UNIT_EDGE;
    }
    return true;
}

/* Map `bytes` more bytes at the end of `span`, with their lines and slots. The memory comes first, and what was mapped
 * goes back when the rest is refused: the tables of a size that cannot be had would take what smaller ones can have. */
static STARTUP_TEXT bool extend(struct span *span, size_t bytes) {
    debug_check(lock_is_mine(&grow_gate));
    debug_check(bytes > 0 && bytes % UNIT_BYTES == 0);
    size_t end = span->bytes + bytes;
    char *at = span->base + span->bytes;
    uint32_t tabled = span->tabled_units;
    if (end >> UNIT_SHIFT > span->limit_units) return false;
    if (!span->stepwise) return port_commit(at, bytes);
    if (!port_map(at, bytes)) return false;
    if (map_tables(span, end >> UNIT_SHIFT)) return true;
    unmap_tables(span, tabled);
    port_unreserve(at, bytes);
    return false;
}

static size_t step_bytes(const struct span *span) {
    if (span->bytes < SMALL_HEAP_BYTES) return SMALL_STEP_BYTES;
    size_t step = min_size(span->bytes / 8, LARGE_STEP_BYTES);
    size_t whole = span->bytes < LARGE_HEAP_BYTES ? SPAN_STEP_BYTES : HUGE_PAGE_BYTES;
    return round_up(span->bytes + step, whole) - span->bytes;
}

/* Grow `span` until `count` units are free at its top: by a whole step, else by just what is needed. */
static STARTUP_TEXT bool grow_in_place(struct span *span, uint32_t count) {
    size_t need = ((size_t)load_relaxed(span->top_units) + count) << UNIT_SHIFT;
    if (need <= span->bytes) return true;
    size_t exact = round_up(need - span->bytes, SPAN_STEP_BYTES);
    size_t step = max_size(step_bytes(span), exact);
    if (!extend(span, step)) {
        step = exact;
        if (!extend(span, step)) return false;
    }
    PROBE_2(grow, span->base + span->bytes, step);
    units_publish(span, span->bytes + step);
    return true;
}

/* The home span is where `span` is, but has no bytes yet: other threads may compare any pointer with it meanwhile. */
static void describe_home(const struct span *span) {
    debug_check(lock_is_mine(&grow_gate) && span_home.bytes == 0);
    store_relaxed(span_home.base, span->base);
    span_home.lines = span->lines;
    span_home.slots = span->slots;
    span_home.slots_from_0 = span->slots_from_0;
    span_home.limit_units = span->limit_units;
    span_home.tabled_units = span->tabled_units;
    span_home.stepwise = span->stepwise;
}

/* Describe the home span, not yet mapped, where the world has a place for it. */
static void open_home(void) {
    char *home = port_home();
    if (!home) return;
    describe_home(&(struct span){.base = home + HOME_UNITS,
                                 .lines = (struct unit *)(home + UNIT_LINE_BYTES),
                                 .slots = (struct granule *)(home + HOME_SLOTS),
                                 .slots_from_0 = span_slots_from_0(home + HOME_SLOTS, home + HOME_UNITS),
                                 .limit_units = SPAN_UNITS_MAX,
                                 .stepwise = true});
}

/* Make the first tip: the home span, or a range of the world's choice when not even a first step fits there. */
static bool open_first(uint32_t count) {
    debug_check(lock_is_mine(&grow_gate));
    debug_check(!units.tip);
    static bool asked;
    if (!asked) open_home();
    asked = true;
    if (span_home.stepwise && grow_in_place(&span_home, count)) return true;
    struct span other;
    if (!span_reserve(&other, count, FIRST_SPAN_UNITS, RESERVE_AS_NEEDED)) return false;
    describe_home(&other);
    units_publish(&span_home, other.bytes); /* last: whoever sees the bytes sees the rest */
    return true;
}

static bool grow_held(uint32_t count) {
    debug_check(lock_is_mine(&grow_gate));
    debug_check(!lock_is_mine(&units.lock)); /* it makes system calls */
    if (!units.tip) {
        if (!open_first(count)) return false;
        units_move_tip(&span_home);
        return true;
    }
    if (grow_in_place(units.tip, count)) return true;
    uint32_t doublings = load_relaxed(span_count) < 4 ? span_count : 4;
    struct span *next = span_add(count, FURTHER_SPAN_UNITS << doublings, RESERVE_AS_NEEDED);
    if (!next) return false;
    units_move_tip(next);
    return true;
}

STARTUP_TEXT enum grow_result grow_tip_by(uint32_t count) {
    if (!lock_take(&grow_gate)) return GROW_FROZEN;
    bool done = grow_held(count);
    lock_give(&grow_gate);
    return done ? GROW_DONE : GROW_NO_MEMORY;
}
