/* Regions: spans over memory that the world owns. */
/* SPDX-License-Identifier: MIT */
#include "span/region.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/extent.h"
#include "span/purge.h"
#include "span/small_region.h"
#include "span/units.h"
#include <heapalloc/heap.h>

enum { LEAST_BYTES = 64 * 1024 };

struct region_tables region_tables;

static size_t line_bytes(size_t units) {
    return (units + 2) * UNIT_LINE_BYTES; /* one before the first, one behind the last */
}

size_t region_table_bytes(size_t units) {
    return line_bytes(units) + (units * GRANULES_PER_UNIT + 1) * sizeof(struct granule);
}

static void count_tables(const struct span *span) {
    debug_check(lock_is_mine(&units.lock));
    size_t bytes = region_table_bytes(span->limit_units);
    region_tables.bytes += bytes;
    if ((size_t)((char *)span->lines - span->base) < span->bytes) region_tables.inside_bytes += bytes;
}

static void keep_back(struct span *span, uint32_t first, uint32_t count) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(first + count <= span->limit_units);
    if (count == 0) return;
    unit_describe(span->lines + first, (struct unit){.count = count,
                                                     .memory = span->base + ((size_t)first << UNIT_SHIFT),
                                                     .class = REGION_KEPT_BACK,
                                                     .kind = UNIT_META});
    guarded_add(units.used_units, count);
}

void region_describe(struct span *span, char *base, uint32_t count, void *tables) {
    debug_check((uintptr_t)base % UNIT_BYTES == 0 && (uintptr_t)tables % UNIT_LINE_BYTES == 0);
    memset(tables, 0, region_table_bytes(count));
    *span = (struct span){.base = base,
                          .bytes = (size_t)count << UNIT_SHIFT,
                          .lines = (struct unit *)tables + 1,
                          .slots = (struct granule *)((char *)tables + line_bytes(count)),
                          .slots_from_0 = span_slots_from_0((char *)tables + line_bytes(count), base),
                          .top_units = count,
                          .limit_units = count,
                          .tabled_units = count};
    span->lines[-1].kind = UNIT_EDGE;
    while (!units_lock()) {
    } /* frozen by a fork: it ends */
    keep_back(span, 0, count);
    count_tables(span);
    units_unlock();
}

/* [ kept back: head ][ region ][ kept back ], or the same without one or both of the ends */
static bool enter_locked(struct span *span, uint32_t first, uint32_t count) {
    debug_check(lock_is_mine(&units.lock));
    struct unit *region = span->lines + first, *head = region;
    while (load_relaxed(head->kind) == UNIT_INSIDE) head--;
    if (head->kind != UNIT_META || head->class != REGION_KEPT_BACK) return false;
    uint32_t before = (uint32_t)(region - head), whole = head->count;
    if (before + count > whole) return false;
    guarded_add(units.used_units, -whole);
    keep_back(span, (uint32_t)(head - span->lines), before);
    keep_back(span, first + count, whole - before - count);
    units_donate(span, first, count, UNITS_DIRTY);
    return true;
}

/* [ free ][ region ][ free ], or the same without one or both of the ends => the region is kept back */
static bool leave_locked(struct span *span, uint32_t first, uint32_t count) {
    debug_check(lock_is_mine(&units.lock));
    struct unit *region = span->lines + first, *head = region;
    if (load_relaxed(head->kind) == UNIT_FREE_LAST) head -= head->count - 1;
    while (load_relaxed(head->kind) == UNIT_INSIDE) head--;
    if (head->kind != UNIT_FREE) return false;
    uint32_t before = (uint32_t)(region - head), whole = head->count;
    if (before + count > whole) return false;
    extent_leave(head);
    age_leave(head);
    keep_back(span, first, count);
    if (before > 0) units_donate(span, first - before, before, UNITS_DIRTY);
    if (whole > before + count) units_donate(span, first + count, whole - before - count, UNITS_DIRTY);
    return true;
}

typedef bool units_change(struct span *span, uint32_t first, uint32_t count);

/* Do this with the whole units in [start, start + bytes). What is free now is the least that was free since. */
static bool with_units(struct span *span, char *start, size_t bytes, units_change *locked) {
    size_t skip = round_up((uintptr_t)start, UNIT_BYTES) - (uintptr_t)start;
    size_t offset = (size_t)(start + skip - span->base);
    if (bytes < skip + UNIT_BYTES || offset >= span->bytes) return false;
    size_t count = (bytes - skip) >> UNIT_SHIFT;
    if (count > (span->bytes - offset) >> UNIT_SHIFT || !units_lock()) return false;
    bool done = locked(span, (uint32_t)(offset >> UNIT_SHIFT), (uint32_t)count);
    if (done) units.least_dirty[0] = units.dirty_units;
    units_unlock();
    return done;
}

bool region_enter(struct span *span, char *start, size_t bytes) {
    return with_units(span, start, bytes, enter_locked);
}

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

/* Nobody has a pointer into it any more. */
static void forget(uint32_t place) {
    struct span *span = span_list[place];
    while (!units_lock()) {
    }
    guarded_add(units.used_units, -span->limit_units);
    region_tables.bytes -= region_table_bytes(span->limit_units);
    store_release(span_list[place], NULL);
    units_unlock();
}

bool region_remove(char *start, size_t bytes) {
    char *end = start + bytes;
    if (end < start) return false;
    if (small_region()) return small_region_remove(start, bytes);
    if (within(&span_home, start, end)) return with_units(&span_home, start, bytes, leave_locked);
    for (uint32_t i = 0; i < load_acquire(span_count); i++) {
        struct span *span = load_acquire(span_list[i]);
        if (!span) continue;
        if (within(span, start, end)) return with_units(span, start, bytes, leave_locked);
        if ((uintptr_t)span != round_up((uintptr_t)start, UNIT_LINE_BYTES) || span->base + span->bytes > end) continue;
        bool done = with_units(span, span->base, span->bytes, leave_locked);
        if (done) forget(i);
        return done;
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
