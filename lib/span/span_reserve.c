/* Spans in ranges of their own. */
/* SPDX-License-Identifier: MIT */
#include "span/span_reserve.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/probe.h"
#include <heapalloc/port.h>

enum {
    GROW_STEP_UNITS = SPAN_STEP_BYTES / UNIT_BYTES,
    FIRST_UNITS = 4, /* that get memory at once: 256 KiB, as much as a small heap grows by */
};

enum layout_result { LAYOUT_DONE, LAYOUT_NO_RANGE, LAYOUT_NO_MEMORY };

/* Reserve a range for `units` units and their tables, with memory behind the tables and the first `ready` units. */
static enum layout_result layout(struct span *span, uint32_t units, uint32_t ready) {
    debug_check(ready > 0 && ready <= units);
    size_t lines = round_up((size_t)(units + 2) * UNIT_LINE_BYTES, SPAN_STEP_BYTES);
    size_t slots = round_up(((size_t)units * GRANULES_PER_UNIT + 1) * sizeof(struct granule), SPAN_STEP_BYTES);
    size_t bytes = lines + slots + ((size_t)units << UNIT_SHIFT) + SPAN_STEP_BYTES;
    char *range = port_reserve(bytes);
    if (!range) return LAYOUT_NO_RANGE;
    char *start = (char *)round_up((uintptr_t)range, SPAN_STEP_BYTES);
    if (!port_commit(start, lines + slots + ((size_t)ready << UNIT_SHIFT))) {
        port_unreserve(range, bytes);
        return LAYOUT_NO_MEMORY;
    }
    *span = (struct span){.base = start + lines + slots,
                          .bytes = (size_t)ready << UNIT_SHIFT,
                          .lines = (struct unit *)start + 1,
                          .slots = (struct granule *)(start + lines),
                          .slots_from_0 = span_slots_from_0(start + lines, start + lines + slots),
                          .limit_units = units,
                          .tabled_units = units};
    span->lines[-1].kind = UNIT_EDGE;
    PROBE_2(grow, span->base, span->bytes);
    return LAYOUT_DONE;
}

/* Reserve a span in its own range: of `wish` units, or the largest above `count` that the world grants, with memory for
 * at least `count`; RESERVE_WHOLE: for all. Only then is it worth one of the few places among the spans. Where a range
 * is granted but no memory for its first units, only the least is tried: each try is three system calls. */
STARTUP_TEXT bool span_reserve(struct span *span, uint32_t count, uint32_t wish, enum reserve_memory memory) {
    if (count >= SPAN_UNITS_MAX) return false;
    uint32_t least = (uint32_t)round_up(count, GROW_STEP_UNITS), ready = least > FIRST_UNITS ? least : FIRST_UNITS;
    for (uint32_t units = wish > least ? wish : least;;) {
        uint32_t memory_units = memory == RESERVE_WHOLE || units < ready ? units : ready;
        enum layout_result result = layout(span, units, memory_units);
        if (result == LAYOUT_DONE || units == least) return result == LAYOUT_DONE;
        bool halve = units / 2 > least && (result == LAYOUT_NO_RANGE || memory_units == units);
        units = halve ? units / 2 : least;
    }
}

struct span *span_add(uint32_t count, uint32_t wish, enum reserve_memory memory) {
    static struct span further[SPANS_MAX];
    struct span span;
    uint32_t index = load_relaxed(span_count);
    if (index == SPANS_MAX || !span_reserve(&span, count, wish, memory)) return NULL;
    do {
        if (index == SPANS_MAX) return NULL; /* another thread was faster: this range is lost */
    } while (!cas(span_count, &index, index + 1));
    further[index] = span;
    store_release(span_list[index], &further[index]);
    return span_list[index];
}
