/* The freestanding API: the heap's memory, which the world owns and gives and takes back in regions. */
/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "base/memory.h"
#include "span/purge.h"
#include "span/region.h"
#include "span/small_region.h"
#include "span/units.h"
#include <heapalloc/heap.h>

enum { LEAST_BYTES = 64 * 1024 };

/* How many units fit behind their own tables into [start, end). */
static size_t units_that_fit(uintptr_t start, uintptr_t end) {
    size_t each = UNIT_BYTES + region_table_bytes(1) - region_table_bytes(0), count = (end - start) / each;
    while (count > 0 && round_up(start + region_table_bytes(count), UNIT_BYTES) + (count << UNIT_SHIFT) > end)
        count--; /* twice at most, for the tables' constant part */
    return count;
}

/* Tables, then units, in [start, start + bytes), with `before` bytes left out in front of the tables. False: it is too
 * small. */
static bool lay_out(struct span *span, char *start, size_t bytes, size_t before) {
    uintptr_t end = (uintptr_t)start + bytes, tables = round_up((uintptr_t)start + before, UNIT_LINE_BYTES);
    if (bytes < LEAST_BYTES || end < (uintptr_t)start) return false;
    size_t count = units_that_fit(tables, end);
    if (count == 0 || count > SPAN_UNITS_MAX) return false;
    uintptr_t base = round_up(tables + region_table_bytes(count), UNIT_BYTES);
    region_describe(span, (char *)base, (uint32_t)count, (void *)tables);
    return true;
}

bool heap_init(void *start, size_t bytes) {
    if (small_region_has_memory()) return false;
    if (HEAPALLOC_SMALL_BELOW > 0 && bytes < config_small_below && span_home.bytes == 0)
        return small_region_init(start, bytes);
    if (span_home.bytes > 0 || !lay_out(&span_home, start, bytes, 0)) return false;
    purge_decay_ms = PURGE_NEVER;
    span_settle();
    return region_enter(&span_home, span_home.base, span_home.bytes);
}

INLINE bool meets(const void *from, const void *to, const char *start, const char *end) {
    return (const char *)from < end && start < (const char *)to;
}

/* Some of [start, end) is in `span` or its tables. */
static bool touches(const struct span *span, const char *start, const char *end) {
    const struct unit *first = span->lines - 1;
    return meets(span->base, span->base + span->bytes, start, end) ||
           meets(first, (const char *)first + region_table_bytes(span->limit_units), start, end);
}

static bool within(const struct span *span, const char *start, const char *end) {
    const char *tables = (const char *)(span->lines - 1);
    return start >= span->base && end <= span->base + span->bytes &&
           !meets(tables, tables + region_table_bytes(span->limit_units), start, end);
}

/* A place in span_list: one that a removed span has left, or the next. */
static uint32_t free_place(void) {
    uint32_t place = 0;
    while (place < span_count && load_relaxed(span_list[place])) place++;
    return place;
}

/* A span of its own. Its struct stands in front of its tables. */
static bool region_add(char *start, size_t bytes) {
    struct span *span = (struct span *)round_up((uintptr_t)start, UNIT_LINE_BYTES);
    size_t before = (size_t)((char *)(span + 1) - start);
    uint32_t place = free_place();
    if (place == SPANS_MAX || !lay_out(span, start, bytes, before)) return false;
    store_release(span_list[place], span);
    if (place == span_count) store_release(span_count, place + 1);
    return region_enter(span, span->base, span->bytes);
}

bool heap_remove_region(void *region, size_t bytes) {
    char *start = region, *end = start + bytes;
    if (end < start) return false;
    heap_trim_all();
    if (small_region()) return small_region_remove(start, bytes);
    if (within(&span_home, start, end)) return region_leave(&span_home, start, bytes);
    for (uint32_t i = 0; i < load_acquire(span_count); i++) {
        struct span *span = load_acquire(span_list[i]);
        if (!span) continue;
        if (within(span, start, end)) return region_leave(span, start, bytes);
        if ((uintptr_t)span != round_up((uintptr_t)start, UNIT_LINE_BYTES) || span->base + span->bytes > end) continue;
        if (!region_leave(span, span->base, span->bytes)) return false;
        region_forget(&span_list[i]);
        return true;
    }
    return false;
}

bool heap_add_region(void *region, size_t bytes) {
    char *start = region, *end = start + bytes;
    if (end < start) return false;
    if (small_region_has_memory()) return small_region_add(start, bytes);
    if (within(&span_home, start, end)) return region_enter(&span_home, start, bytes);
    if (touches(&span_home, start, end)) return false;
    for (uint32_t i = 0; i < load_acquire(span_count); i++) {
        struct span *span = load_acquire(span_list[i]);
        if (span && within(span, start, end)) return region_enter(span, start, bytes);
        if (span && touches(span, start, end)) return false;
    }
    return region_add(start, bytes);
}
