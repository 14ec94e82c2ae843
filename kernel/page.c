/* The machine's memory in units: the tables, what goes into them at boot, runs of units. */
#include "page.h"
#include "arch.h"
#include "heap/fast.h"
#include "memory.h"
#include "panic.h"
#include "span/units.h"
#include <string.h>

extern uint8_t __end[];

_Static_assert(PAGE_UNIT_BYTES == UNIT_BYTES, "a page run is an extent of level 1");

/* An extent of kind META is a run of ours when its line says so here; other such extents say 0, and
 * a slab's line a class. */
enum { PAGE_RUN = 0xff, PAGE_NONE = 0 };

static struct range tables;

struct range page_tables(void) {
    return tables;
}

/* ---- boot ------------------------------------------------------------------------------------ */

static size_t line_bytes(size_t units) {
    return (units + 2) * UNIT_LINE_BYTES; /* one before the first, one behind the last */
}

static size_t table_bytes(size_t units) {
    return line_bytes(units) + (units * GRANULES_PER_UNIT + 1) * sizeof(struct granule);
}

/* Whole pages for the tables: behind the image, else in the first free range that is large enough.
 */
static bool place_tables(const struct range_list *free, size_t bytes) {
    uint64_t behind = round_up((uintptr_t)__end, PAGE_BYTES);
    const struct range *found = NULL;

    bytes = round_up(bytes, PAGE_BYTES);
    for (uint32_t i = 0; i < free->count; i++) {
        const struct range *range = &free->at[i];
        if (range->end - range->start < bytes) continue;
        if (!found || range->start == behind) found = range;
    }
    if (!found) return false;
    tables = (struct range){found->start, found->start + bytes};
    return true;
}

/* Between the lowest and the highest RAM. Nodes so far apart that the table of what lies between
 * fits nowhere: the upper ones stay unused. */
static bool place_span(const struct range_list *ram, const struct range_list *free) {
    uint64_t base = ram->count > 0 ? round_down(ram->at[0].start, UNIT_BYTES) : 0;

    for (uint32_t count = ram->count; count > 0; count--) {
        size_t units = (round_up(ram->at[count - 1].end, UNIT_BYTES) - base) >> UNIT_SHIFT;
        if (units >= SPAN_UNITS_MAX || !place_tables(free, table_bytes(units))) continue;
        bzero((void *)tables.start, tables.end - tables.start);
        span_home = (struct span){.base = (char *)base,
                                  .bytes = units << UNIT_SHIFT,
                                  .lines = (struct unit *)tables.start + 1,
                                  .slots = (struct granule *)(tables.start + line_bytes(units)),
                                  .top_units = (uint32_t)units,
                                  .limit_units = (uint32_t)units,
                                  .tabled_units = (uint32_t)units};
        span_home.lines[-1].kind = UNIT_EDGE;
        return true;
    }
    return false;
}

static void keep_back(uint32_t first, uint32_t count) {
    if (count == 0) return;
    span_home.lines[first] = (struct unit){.count = count,
                                           .memory = span_home.base + ((size_t)first << UNIT_SHIFT),
                                           .kind = UNIT_META};
    units.used_units += count;
}

static void enter_ranges(const struct range_list *free) {
    uint32_t next = 0; /* all units below are entered or kept back */

    for (uint32_t i = 0; i < free->count; i++) {
        uint32_t first = (uint32_t)((free->at[i].start - (uintptr_t)span_home.base) >> UNIT_SHIFT);
        uint32_t count = (uint32_t)((free->at[i].end - free->at[i].start) >> UNIT_SHIFT);
        if (first + count > span_home.limit_units) break;
        keep_back(next, first - next);
        units_donate(&span_home, first, count, false);
        next = first + count;
    }
    keep_back(next, span_home.limit_units - next);
}

const char *page_init(const struct range_list *ram, const struct range_list *free) {
    struct range_list usable = *free;

    if (!place_span(ram, free)) return "leaves no memory for the page table";
    if (!ranges_subtract(&usable, tables)) return "cuts the memory into too many pieces";
    ranges_trim(&usable, UNIT_BYTES);
    enter_ranges(&usable);
    return NULL;
}

/* [ kept back: head ][ region ][ kept back ], or the same without one or both of the ends */
static bool add_locked(uint32_t first, uint32_t count) {
    struct unit *region = span_home.lines + first, *head = region;

    while (head->kind == UNIT_INSIDE) head--;
    if (head->kind != UNIT_META || head->class == PAGE_RUN) return false;
    uint32_t before = (uint32_t)(region - head), whole = head->count;
    if (before + count > whole) return false;
    units.used_units -= whole;
    keep_back((uint32_t)(head - span_home.lines), before);
    keep_back(first + count, whole - before - count);
    units_donate(&span_home, first, count, false);
    return true;
}

bool heap_add_region(void *start, size_t bytes) {
    size_t skip = round_up((uintptr_t)start, UNIT_BYTES) - (uintptr_t)start;
    size_t offset = (size_t)((char *)start + skip - span_home.base);

    if (bytes < skip + UNIT_BYTES || offset >= span_home.bytes) return false;
    size_t count = (bytes - skip) >> UNIT_SHIFT;
    if (count > (span_home.bytes - offset) >> UNIT_SHIFT) return false;
    uint64_t daif = irq_save();
    bool done = units_lock() && add_locked((uint32_t)(offset >> UNIT_SHIFT), (uint32_t)count);
    units_unlock();
    irq_restore(daif);
    return done;
}

/* ---- runs ------------------------------------------------------------------------------------ */

void *page_alloc(size_t count) {
    if (count == 0 || count > span_home.limit_units) return NULL;
    uint64_t daif = irq_save();
    struct unit *unit = units_take((uint32_t)count, UNIT_META);
    if (!unit && heap_self->state == HEAP_LIVE) {
        heap_trim(heap_self); /* what this core's heap keeps for later */
        unit = units_take((uint32_t)count, UNIT_META);
    }
    if (unit) store_relaxed(unit->class, PAGE_RUN);
    irq_restore(daif);
    return unit ? unit->memory : NULL;
}

void page_free(void *run) {
    struct unit *unit = span_unit(run);
    uint8_t seen = PAGE_RUN;

    if (run == NULL) return;
    if (!unit || unit->kind != UNIT_META || unit->memory != run ||
        !cas(unit->class, &seen, PAGE_NONE))
        panic("page_free(): %p is not the start of a run of pages", run);
    uint64_t daif = irq_save();
    unit->flags = 0;
    units_give(unit);
    irq_restore(daif);
}

struct page_sums page_sums(void) {
    struct page_sums sums = {.units = span_home.limit_units};

    uint64_t daif = irq_save();
    if (units_lock()) units_unlock(); /* enters what was given while another core held the lock */
    irq_restore(daif);
    for (size_t i = 0; i < sums.units; i++) {
        const struct unit *unit = &span_home.lines[i];
        if (unit->kind != UNIT_FREE) continue;
        sums.free_extents++;
        sums.free_units += unit->count;
        if (unit->count > sums.largest_units) sums.largest_units = unit->count;
    }
    return sums;
}
