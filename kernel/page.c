/* The machine's memory in units: the tables, what goes into them at boot, runs of units. */
/* SPDX-License-Identifier: MIT */
#include "page.h"
#include "arch.h"
#include "console.h"
#include "guarded.h"
#include "heap/bounded.h"
#include "heap/fast.h"
#include "heap/world.h"
#include "layout.h"
#include "panic.h"
#include "span/purge.h"
#include "span/region.h"
#include "span/units.h"
#include <heapalloc/heap.h>

extern uint8_t _start[], __end[];

_Static_assert(PAGE_UNIT_BYTES == UNIT_BYTES, "a page run is an extent of level 1");

/* This field marks an extent of kind META as a run of ours; in other such extents it is 0 or REGION_KEPT_BACK, and in a
 * slab's line a class. */
enum { PAGE_RUN = 0xff, PAGE_NONE = 0 };

static struct range tables;

struct range page_tables(void) {
    return tables;
}

/* ---- boot ------------------------------------------------------------------------------------ */

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

/* The RAM that goes into the first table: whole ranges of `ram` from `first` to before `end`. */
struct group {
    uint32_t first, end;
    uint64_t bytes;
};

/* A range joins those before it unless the hole in between is larger than all of their RAM: so at most half of the
 * table describes no RAM. */
static struct group group_from(const struct range_list *ram, uint32_t first) {
    struct group group = {first, first, 0};

    for (; group.end < ram->count; group.end++) {
        const struct range *range = &ram->at[group.end];
        uint64_t hole = group.end > first ? range->start - range[-1].end : 0, bytes = range->end - range->start;
        if (hole > group.bytes + bytes) break;
        group.bytes += bytes;
    }
    return group;
}

static struct group largest_group(const struct range_list *ram) {
    struct group largest = {0, 0, 0}, group;

    for (uint32_t first = 0; first < ram->count; first = group.end) {
        group = group_from(ram, first);
        if (group.bytes > largest.bytes) largest = group;
    }
    return largest;
}

/* One table over the largest group of RAM, or over less of it if its table fits nowhere. */
static bool place_span(const struct range_list *ram, const struct range_list *free) {
    struct group group = largest_group(ram);

    for (uint64_t base = 0; group.end > group.first; group.end--) {
        base = round_down(ram->at[group.first].start, UNIT_BYTES);
        size_t units = (round_up(ram->at[group.end - 1].end, UNIT_BYTES) - base) >> UNIT_SHIFT;
        if (units >= SPAN_UNITS_MAX || !place_tables(free, region_table_bytes(units))) continue;
        region_describe(&span_home, (char *)base, (uint32_t)units, (void *)tables.start);
        purge_decay_ms = PURGE_NEVER;
        return true;
    }
    return false;
}

/* Enter a range into the first table, or as a span with a table of its own. */
static void enter(struct range range) {
    if (!heap_add_region((void *)range.start, range.end - range.start))
        kprintf("heapalloc-kernel: %lu KiB from 0x%lx on stay unused: too small for the heap\n",
                (range.end - range.start) >> 10, range.start);
}

/* What is not free stays kept back. */
const char *page_init(const struct range_list *ram, const struct range_list *free) {
    struct range_list usable = *free;

    if (!place_span(ram, free)) return "leaves no memory for the page table";
    if (!ranges_subtract(&usable, tables)) return "cuts the memory into too many pieces";
    for (uint32_t i = 0; i < usable.count; i++) enter(usable.at[i]);
    return NULL;
}

/* Memory that mmu.c has mapped, so that tables in it can be written. */
static bool is_mapped(uint64_t start, size_t bytes) {
    uint64_t at = round_down(start, 8), last = round_down(start + bytes - 1, 8), ignored;

    if (bytes == 0 || last < at) return false;
    for (; at < last; at = round_up(at + 1, 1 << BLOCK_SHIFT))
        if (!guarded_load64(at, &ignored)) return false;
    return guarded_load64(last, &ignored);
}

bool page_add_region(void *start, size_t bytes) {
    bool is_image = (uint8_t *)start < __end && (uint8_t *)start + bytes > _start;
    if (is_image || !is_mapped((uintptr_t)start, bytes)) return false;
    uint64_t daif = irq_save();
    bool done = heap_add_region(start, bytes);
    irq_restore(daif);
    return done;
}

/* ---- runs ------------------------------------------------------------------------------------ */

void *page_alloc(size_t count) {
    if (count == 0 || count > SPAN_UNITS_MAX) return NULL;
    uint64_t daif = irq_save();
    struct unit *unit = bounded_has_units(heap_self, (uint32_t)count) ? units_take((uint32_t)count, UNIT_META) : NULL;
    if (unit) store_relaxed(unit->class, PAGE_RUN);
    irq_restore(daif);
    return unit ? unit->memory : NULL;
}

void page_free(void *run) {
    struct unit *unit = span_unit(run);
    uint8_t seen = PAGE_RUN;

    if (run == NULL) return;
    if (!unit || unit->kind != UNIT_META || unit->memory != run || !cas(unit->class, &seen, PAGE_NONE))
        panic("page_free(): %p is not the start of a run of pages", run);
    uint64_t daif = irq_save();
    unit->flags = 0;
    units_give(unit);
    irq_restore(daif);
}

static void add_sums(struct page_sums *sums, const struct span *span) {
    sums->units += span->limit_units;
    for (size_t i = 0; i < span->limit_units; i++) {
        const struct unit *unit = &span->lines[i];
        if (unit->kind != UNIT_FREE) continue;
        sums->free_extents++;
        sums->free_units += unit->count;
        if (unit->count > sums->largest_units) sums->largest_units = unit->count;
    }
}

struct page_sums page_sums(void) {
    struct page_sums sums = {0};

    uint64_t daif = irq_save();
    if (units_lock()) units_unlock(); /* enters what was given back while another core held the lock */
    irq_restore(daif);
    add_sums(&sums, &span_home);
    for (uint32_t i = 0; i < span_count; i++) add_sums(&sums, span_list[i]);
    return sums;
}
