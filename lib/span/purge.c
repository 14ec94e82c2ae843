/* Purging: memory that has been free for a while goes back to the world. */
/* SPDX-License-Identifier: MIT */
#include "span/purge.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/probe.h"
#include "span/huge.h"
#include "span/units_aged.h"
#include "span/unmapped.h"
#include <heapalloc/port.h>

/* A smaller surplus is left alone. */
enum { SURPLUS_UNITS_MIN = 16 };

enum { EXCESS_EXTENTS_MAX = 16 };

/* Halving half a GiB around one page that cannot be purged makes thirty pieces; where nothing can be purged, few
 * extents are tried in vain. */
enum { TRIES_MAX = 64, BARREN_MAX = 8 };

uint32_t purge_decay_ms = 500;

/* Purge the whole pages of [from, to), a part of a table that is all zero, or may be, where they meet [changed,
 * changed_to): the rest was purged before. */
static void purge_table(char *from, char *to, char *changed, char *changed_to) {
    size_t page = port_page_bytes();
    from = (char *)max_size(round_up((uintptr_t)from, page), round_down((uintptr_t)changed, page));
    to = (char *)min_size(round_down((uintptr_t)to, page), round_up((uintptr_t)changed_to, page));
    if (from < to) port_purge(from, (size_t)(to - from));
}

/* Purge the lines and slots inside of an extent: they are INSIDE and NONE, which zero means too. The extent is merged
 * with clean neighbours first, as only together may they fill a page: 64 lines, or the slots of 16 units. */
static struct unit *purge_tables(struct unit *unit) {
    debug_check(!lock_is_mine(&units.lock)); /* it makes a system call */
    uint32_t count = unit->count;
    struct unit *wide = units_widen(unit);
    struct granule *slot = span_slot(span_of(wide->memory), wide->memory),
                   *own = slot + (unit - wide) * GRANULES_PER_UNIT;
    purge_table((char *)(wide + 1), (char *)(wide + wide->count - 1), (char *)unit, (char *)(unit + count));
    purge_table((char *)(slot + 1), (char *)(slot + (size_t)wide->count * GRANULES_PER_UNIT), (char *)own,
                (char *)(own + (size_t)count * GRANULES_PER_UNIT));
    return wide;
}

/* One run of purging. Extents that the world refused, linked by next, are given back at its end, so that none is tried
 * twice in a run, and age anew. */
struct run {
    struct unit *refused, *refused_last;
    uint32_t purged; /* units */
    uint32_t barren; /* extents in a row of which nothing could be purged */
};

static void refuse(struct run *run, struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && !(unit->flags & UNIT_CLEAN));
    unit->next = run->refused;
    run->refused = unit;
    if (!run->refused_last) run->refused_last = unit;
}

STARTUP_TEXT static void run_end(struct run *run) {
    if (!run->refused) return;
    units_defer(run->refused, run->refused_last);
    if (units_lock()) units_unlock();
}

/* Purge an extent of whole pages, halving it around pages that cannot be: [ unit ] => [ half ][ half ], until nothing
 * fails or too much did. A failed purge may have taken a part, so only what succeeds as a whole counts as clean. */
STARTUP_TEXT static void purge_pages(struct run *run, struct unit *unit, uint32_t *tries) {
    debug_check(unit->kind == UNIT_LEAVING);
    debug_check(((uintptr_t)unit->memory & (port_page_bytes() - 1)) == 0);
    uint32_t count = unit->count, least = max_size(port_page_bytes() >> UNIT_SHIFT, 1);
    if (*tries > 0 && --*tries > 0 && port_purge(unit->memory, (size_t)count << UNIT_SHIFT)) {
        unit->flags |= UNIT_CLEAN;
        run->purged += count;
        PROBE_2(purge, unit->memory, (size_t)count << UNIT_SHIFT);
        unit = purge_tables(unit);
        if (unmapped_release(unit))
            units_give(unit);
        else
            units_give_purged(unit, UNITS_CLEAN);
    } else if (*tries == 0 || count == least) {
        refuse(run, unit);
    } else {
        struct unit *tail = unit_cut_tail(unit, round_up(count / 2, least));
        purge_pages(run, unit, tries);
        purge_pages(run, tail, tries);
    }
}

/* Purge an extent, then give it to level 1. Where a page is larger than a unit, the ends that share a page with a
 * neighbour stay dirty and out of the list by age; the neighbour's purge will include them. */
STARTUP_TEXT static void purge(struct run *run, struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && !lock_is_mine(&units.lock));
    size_t page = port_page_bytes();
    char *end = unit->memory + unit_bytes(unit);
    char *from = (char *)round_up((uintptr_t)unit->memory, page);
    char *to = (char *)round_down((uintptr_t)end, page);
    if (from >= to) {
        units_give_purged(unit, UNITS_DIRTY);
        return;
    }
    if (to < end) units_give_purged(unit_cut_tail(unit, (uint32_t)((to - unit->memory) >> UNIT_SHIFT)), UNITS_DIRTY);
    struct unit *middle = unit;
    if (from > unit->memory) {
        middle = unit_cut_tail(unit, (uint32_t)((from - unit->memory) >> UNIT_SHIFT));
        units_give_purged(unit, UNITS_DIRTY);
    }
    if (huge_spares(middle->memory, unit_bytes(middle))) return refuse(run, middle);
    uint32_t tries = TRIES_MAX, before = run->purged;
    purge_pages(run, middle, &tries);
    run->barren = run->purged > before ? 0 : run->barren + 1;
}

STARTUP_TEXT uint32_t purge_before(uint32_t before_ms, uint32_t extents_max) {
    struct run run = {0};
    if (config_bounded || purge_decay_ms == PURGE_NEVER) return 0;
    for (uint32_t i = 0; i < extents_max && run.barren < BARREN_MAX; i++) {
        struct unit *unit = units_take_oldest(before_ms);
        if (!unit) break;
        purge(&run, unit);
    }
    run_end(&run);
    return run.purged;
}

static uint32_t least_of_all(void) {
    debug_check(lock_is_mine(&units.lock));
    uint32_t least = units.dirty_units;
    for (uint32_t i = 0; i <= DECAY_QUARTERS; i++)
        if (units.least_dirty[i] < least) least = units.least_dirty[i];
    return least;
}

/* Begin a new quarter of the decay time. As many units as were dirty all through the last four are surplus, whichever
 * extents they were in: one that merges with others again and again never grows old. */
static void begin_quarter(uint32_t quarter) {
    if (!lock_try(&units.lock)) return; /* the next tick will do it */
    for (uint32_t i = 0, passed = quarter - units.quarter; i < passed && i <= DECAY_QUARTERS; i++)
        memmove(units.least_dirty + 1, units.least_dirty, sizeof(units.least_dirty) - sizeof(units.least_dirty[0]));
    units.least_dirty[0] = units.dirty_units;
    store_relaxed(units.surplus_units, least_of_all());
    store_relaxed(units.quarter, quarter);
    units_unlock();
}

STARTUP_TEXT uint32_t purge_surplus(uint32_t quarter, uint32_t extents_max) {
    struct run run = {0};
    if (load_relaxed(units.quarter) != quarter) begin_quarter(quarter);
    while (extents_max-- > 0 && run.barren < BARREN_MAX && load_relaxed(units.surplus_units) >= SURPLUS_UNITS_MIN) {
        struct unit *unit = units_take_surplus();
        if (!unit) break;
        purge(&run, unit);
    }
    run_end(&run);
    return run.purged;
}

uint32_t purge_kept_max;

STARTUP_TEXT void purge_excess(uint32_t keep_units) {
    if (config_bounded) return;
    uint32_t used = load_relaxed(units.used_units) + load_relaxed(units.emergency_units);
    uint32_t most = load_relaxed(purge_kept_max);
    if (most > 0 && keep_units > most) keep_units = most;
    uint32_t keep = used / 4 > keep_units ? used / 4 : keep_units;
    for (int i = 0; i < EXCESS_EXTENTS_MAX && load_relaxed(units.dirty_units) > keep; i++) {
        /* Half of the clock's range ahead: everything is older. */
        if (purge_before(load_relaxed(units.now_ms) + 0x3fffffff, 1) == 0) break;
    }
}
