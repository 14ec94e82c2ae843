/* Memory for a heap that grows, before it is touched. */
/* SPDX-License-Identifier: MIT */
#include "span/prefault.h"
#include <heapalloc/port.h>

enum {
    DENSE_UNITS = HUGE_UNITS * 3 / 4, /* filled in the range before: growth is steady, and of small blocks */
    WINDOW_UNITS = HUGE_UNITS * 4,    /* level 2 takes its units in runs, which one range may not show */
    ROOMY_SHARE = 8,                  /* one in so many of them may be large blocks': a quarter is never touched */
    ROOMY_BLOCK_GRANULES = 16,        /* from this size on blocks of level 2 may have room to grow */
    FAILURE_SKIPS = 64,               /* ranges: a system without a huge page has none a moment later either */
    SLOW_SKIPS_MIN = 4,               /* one slow page may be chance; each further one doubles the skipped ranges */
    SLOW_SKIPS_MAX = 64,
};

/* How many ranges to skip. When two threads count at the same time one count is lost, which does no harm. */
static struct {
    uint32_t ranges;      /* after a failure or a slow page; atomic */
    uint32_t slow_ranges; /* after the last page, which was slow; 0: it was not, or there was none; atomic */
} pause;

/* Try a huge page for the range, and set how soon the next is tried. */
static void prefault_huge(size_t range) {
    enum port_huge result = port_prefault(span_home.base + (range << HUGE_SHIFT));
    uint32_t ranges = 0, slow = load_relaxed(pause.slow_ranges);
    if (result == PORT_HUGE_REFUSED) ranges = FAILURE_SKIPS;
    if (result == PORT_HUGE_SLOW) ranges = slow ? (uint32_t)min_size(slow * 2, SLOW_SKIPS_MAX) : SLOW_SKIPS_MIN;
    store_relaxed(pause.slow_ranges, result == PORT_HUGE_SLOW ? ranges : 0);
    store_relaxed(pause.ranges, ranges);
    if (result != PORT_HUGE_REFUSED) huge_note(range);
}

/* Skip a range: populate it with small pages in one call, unless huge pages failed for a reason that may hold for small
 * ones too, such as a limit. `ranges`, above 0, was read before: another thread may count meanwhile. */
static void prefault_small(size_t range, uint32_t ranges) {
    store_relaxed(pause.ranges, ranges - 1);
    if (load_relaxed(pause.slow_ranges) == 0) return;
    if (!port_populate(span_home.base + (range << HUGE_SHIFT), (size_t)1 << HUGE_SHIFT))
        store_relaxed(pause.slow_ranges, 0);
}

static const struct granule *slots_of(const struct unit *line) {
    return span_home.slots + (line - span_home.lines) * GRANULES_PER_UNIT;
}

/* True when most of the unit was probably written to, as many blocks share it. Others write to its slots meanwhile. */
NO_TSAN static bool is_filled(const struct unit *line) {
    if (load_relaxed(line->kind) == UNIT_SLAB)
        return load_relaxed(line->carved_blocks) >= class_shapes[line->class].capacity_blocks / 2;
    if (load_relaxed(line->kind) != UNIT_MEDIUM) return false;
    const struct granule *slot = slots_of(line), *end = slot + GRANULES_PER_UNIT;
    uint32_t blocks = 0;
    for (; slot < end; slot++) blocks += granule_state(slot) == GRANULE_USED;
    return blocks > 1;
}

/* Granules of large blocks in the unit; of a block of level 2, where it begins, wherever it ends. Such a block may be
 * an array of which only a corner is used, or have room to grow. */
NO_TSAN static uint32_t roomy_granules(const struct unit *line) {
    enum unit_kind kind = load_relaxed(line->kind);
    if (kind == UNIT_LARGE || kind == UNIT_INSIDE) return GRANULES_PER_UNIT;
    if (kind != UNIT_MEDIUM) return 0;
    const struct granule *slot = slots_of(line), *end = slot + GRANULES_PER_UNIT;
    uint32_t sum = 0;
    for (; slot < end; slot++)
        if (granule_state(slot) == GRANULE_USED && granule_count(slot) >= ROOMY_BLOCK_GRANULES)
            sum += granule_count(slot);
    return sum;
}

/* True when the memory before the range shows growth by small blocks, so that all of the range will be touched. */
static bool is_steady(const struct unit *range) {
    uint32_t filled = 0, roomy = 0;
    for (const struct unit *line = range - HUGE_UNITS; line < range; line++) filled += is_filled(line);
    if (filled < DENSE_UNITS) return false;
    uint32_t window = (uint32_t)min_size((size_t)(range - span_home.lines), WINDOW_UNITS);
    for (const struct unit *line = range - window; line < range; line++) roomy += roomy_granules(line);
    return roomy <= window * GRANULES_PER_UNIT / ROOMY_SHARE;
}

/* True when nobody has the units from `line` to `end`: the top is below, or they are part of a clean extent. Whoever
 * takes one afterwards finds memory behind it, as wanted. */
static bool is_untouched(const struct unit *line, const struct unit *end) {
    debug_check(lock_is_mine(&units.lock));
    if (line >= end || line >= span_home.lines + load_relaxed(span_home.top_units)) return true;
    return load_relaxed(line->kind) == UNIT_FREE && line->flags & UNIT_CLEAN && line + line->count >= end;
}

/* The range from `first` on follows a steady one, and nobody has what of it is behind `line`. With the lock: extents
 * come and go there meanwhile. */
static bool prefault_is_due(const struct unit *first, const struct unit *line) {
    if (!units_lock()) return false;
    bool due = is_untouched(line, first + HUGE_UNITS) && is_steady(first);
    units_unlock();
    return due;
}

NOINLINE void prefault_range(struct unit *unit, uint32_t count) {
    if (!span_home.stepwise || unit < span_home.lines || unit >= span_home.lines + span_home.limit_units) return;
    size_t range = (size_t)(unit - span_home.lines + HUGE_UNITS - 1) / HUGE_UNITS;
    const struct unit *first = span_home.lines + range * HUGE_UNITS;
    if (range == 0 || (range + 1) << HUGE_SHIFT > load_acquire(span_home.bytes)) return;
    if (!prefault_is_due(first, unit + count)) return;
    uint32_t ranges = load_relaxed(pause.ranges);
    if (ranges > 0)
        prefault_small(range, ranges);
    else
        prefault_huge(range);
}
