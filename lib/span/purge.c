/* Purging: memory that has been free for a while goes back to the world. */
#include "span/purge.h"
#include "base/memory.h"
#include "span/grow.h"
#include <heapalloc/port.h>

/* Less surplus than that is left alone. */
enum { SURPLUS_UNITS_MIN = 16 };

enum { DIRTY_KEPT_UNITS = (256 << 20) / UNIT_BYTES, EXCESS_EXTENTS_MAX = 16 };

uint32_t purge_decay_ms = 500;

/* A part of a table that says nothing, but for what lies in [changed, changed_to) it did so before: purge the whole pages
 * that have now come to say nothing. */
static void purge_table(char *from, char *to, char *changed, char *changed_to) {
    size_t page = port_page_bytes();
    from = (char *)max_size(round_up((uintptr_t)from, page), round_down((uintptr_t)changed, page));
    to = (char *)min_size(round_down((uintptr_t)to, page), round_up((uintptr_t)changed_to, page));
    if (from < to) port_purge(from, (size_t)(to - from));
}

/* The lines and slots inside of an extent say nothing (INSIDE, NONE), which is what zero says too. The extent with the clean
 * ones beside it is what may fill a page of them: 64 lines, or the slots of 16 units. */
static struct unit *purge_tables(struct unit *unit) {
    uint32_t count = unit->count;
    struct unit *wide = units_widen(unit);
    struct granule *slot = span_slot(span_of(wide->memory), wide->memory), *own = slot + (unit - wide) * GRANULES_PER_UNIT;
    purge_table((char *)(wide + 1), (char *)(wide + wide->count - 1), (char *)unit, (char *)(unit + count));
    purge_table((char *)(slot + 1), (char *)(slot + (size_t)wide->count * GRANULES_PER_UNIT), (char *)own,
                (char *)(own + (size_t)count * GRANULES_PER_UNIT));
    return wide;
}

/* Give the extent's memory back, then the extent to level 1. Where a page is larger than a unit, the ends that
 * share a page with a neighbour stay dirty and out of the list by age; the neighbour's purge will meet them. */
static void purge(struct unit *unit) {
    size_t page = port_page_bytes();
    char *end = unit->memory + ((size_t)unit->count << UNIT_SHIFT);
    char *from = (char *)round_up((uintptr_t)unit->memory, page);
    char *to = (char *)round_down((uintptr_t)end, page);
    if (from >= to || !port_purge(from, (size_t)(to - from))) {
        units_give_purged(unit, false);
        return;
    }
    struct unit *middle = unit + ((from - unit->memory) >> UNIT_SHIFT);
    if (to < end) {
        struct unit *tail = middle + ((to - from) >> UNIT_SHIFT);
        unit_describe(tail, (struct unit){.memory = to,
                              .count = (uint32_t)((end - to) >> UNIT_SHIFT),
                              .kind = UNIT_LEAVING});
        units_give_purged(tail, false);
    }
    if (middle != unit) {
        unit_describe(middle, (struct unit){.memory = from, .kind = UNIT_LEAVING});
        unit->count = (uint32_t)(middle - unit);
        units_give_purged(unit, false);
    }
    middle->count = (uint32_t)((to - from) >> UNIT_SHIFT);
    middle->flags |= UNIT_CLEAN;
    units_give_purged(purge_tables(middle), true);
}

uint32_t purge_before(uint32_t before_ms, uint32_t extents_max) {
    uint32_t purged = 0;
    if (purge_decay_ms == PURGE_NEVER) return 0;
    for (uint32_t i = 0; i < extents_max; i++) {
        struct unit *unit = units_take_oldest(before_ms);
        if (!unit) break;
        grow_decline_huge();
        purged += unit->count;
        purge(unit);
    }
    return purged;
}

static uint32_t least_of_all(void) {
    uint32_t least = units.dirty_units;
    for (uint32_t i = 0; i <= DECAY_QUARTERS; i++)
        if (units.least_dirty[i] < least) least = units.least_dirty[i];
    return least;
}

/* A new quarter of the decay time has begun. As much as lay dirty all through the last four is surplus: which extents those
 * were does not matter, for one that merges with what comes and goes never grows old. */
static void turn(uint32_t quarter) {
    if (!lock_try(&units.lock)) return; /* the next tick will do it */
    for (uint32_t i = 0, passed = quarter - units.quarter; i < passed && i <= DECAY_QUARTERS; i++)
        memmove(units.least_dirty + 1, units.least_dirty, sizeof(units.least_dirty) - sizeof(units.least_dirty[0]));
    units.least_dirty[0] = units.dirty_units;
    racy_store(units.surplus_units, least_of_all());
    racy_store(units.quarter, quarter);
    units_unlock();
}

uint32_t purge_surplus(uint32_t quarter, uint32_t extents_max) {
    uint32_t purged = 0;
    if (racy_load(units.quarter) != quarter) turn(quarter);
    while (extents_max-- > 0 && racy_load(units.surplus_units) >= SURPLUS_UNITS_MIN) {
        struct unit *unit = units_take_surplus();
        if (!unit) break;
        grow_decline_huge();
        purged += unit->count;
        purge(unit);
    }
    return purged;
}

void purge_excess(void) {
    uint32_t used = load_relaxed(units.used_units) + load_relaxed(units.emergency_units);
    uint32_t keep = used / 4 > DIRTY_KEPT_UNITS ? used / 4 : DIRTY_KEPT_UNITS;
    for (int i = 0; i < EXCESS_EXTENTS_MAX && load_relaxed(units.dirty_units) > keep; i++) {
        /* Everything is older than half the clock's range from now. */
        if (purge_before(load_relaxed(units.now_ms) + 0x3fffffff, 1) == 0) break;
    }
}
