/* Regions: spans over memory that the world owns. */
/* SPDX-License-Identifier: MIT */
#include "span/region.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/extent.h"
#include "span/units.h"

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

bool region_leave(struct span *span, char *start, size_t bytes) {
    return with_units(span, start, bytes, leave_locked);
}

void region_forget(struct span **place) {
    struct span *span = *place;
    while (!units_lock()) {
    }
    guarded_add(units.used_units, -span->limit_units);
    region_tables.bytes -= region_table_bytes(span->limit_units);
    store_release(*place, NULL);
    units_unlock();
}
