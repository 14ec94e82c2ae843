/* Huge pages for what is dense and old. */
/* SPDX-License-Identifier: MIT */
#include "span/huge.h"
#include "base/memory.h"
#include "span/units.h"
#include <heapalloc/port.h>

enum {
    RANGES_MAX = UNIT_BYTES * 8, /* a bit each: beyond 256 GiB there are none */
    LOOKS_PER_STEP = 16,         /* ranges looked at in a tick */
    COLLAPSES_PER_STEP = 1,      /* and collapsed, which takes up to 4 ms in a virtual machine */
    COLLAPSES_PER_QUARTER = 4,
    COLLAPSES_PER_GROWN = 1,  /* for each range that the heap has grown by: no more becomes huge than has been added */
    FAILURE_COSTS = 64,       /* collapses: a system without huge pages has none a moment later either */
    SLOW_COSTS = 16,          /* after a slow one the next is probably slow too */
    SPLIT_BYTES = 128 * 1024, /* when a sixteenth of a huge page is free, it may be split */
};
#define HUGE_FROM_BYTES ((size_t)1 << 30)

static uint8_t *huge; /* a bit for each range that became a huge page; a unit of its own; NULL: none did; atomic */
static uint8_t busy;  /* a thread moves the hand; atomic */

/* The sweep over the home span's ranges; only the thread that set `busy` touches it. */
static struct {
    uint32_t range; /* to be looked at next */
    uint32_t quarter;
    uint32_t quarters; /* passed since the heap became large */
    uint32_t spent;    /* collapses so far; growth and each quarter allow some more */
} hand;

INLINE bool is_huge(const uint8_t *bits, size_t range) {
    return load_relaxed(bits[range / 8]) >> range % 8 & 1;
}

/* True when the unit has memory behind all of its pages. Racy: only the resident size depends on it. */
static bool is_touched(const struct unit *line) {
    return load_relaxed(line->kind) == UNIT_SLAB &&
           load_relaxed(line->start_limit) != 0 && /* it is 0 while the slab has purged pages */
           load_relaxed(line->carved_blocks) == class_shapes[line->class].capacity_blocks;
}

static bool is_dense(uint32_t range) {
    const struct unit *line = span_home.lines + (size_t)range * HUGE_UNITS, *end = line + HUGE_UNITS;
    while (line < end && is_touched(line)) line++;
    return line == end;
}

/* The bits, made when first needed. Of two threads that make them at the same time, one gives its own back. */
static uint8_t *open_bits(void) {
    uint8_t *bits = load_acquire(huge);
    if (bits) return bits;
    struct unit *unit = units_take(1, UNIT_META);
    if (!unit) return NULL;
    if (!(unit->flags & UNIT_CLEAN)) memset(unit->memory, 0, UNIT_BYTES);
    if (cas(huge, &bits, (uint8_t *)unit->memory)) return (uint8_t *)unit->memory;
    units_give(unit);
    return bits;
}

void huge_note(size_t range) {
    uint8_t *bits = range < RANGES_MAX ? open_bits() : NULL;
    if (bits) __atomic_fetch_or(&bits[range / 8], (uint8_t)(1 << range % 8), __ATOMIC_RELAXED);
}

static void collapse(uint32_t range) {
    enum port_huge result = port_collapse(span_home.base + ((size_t)range << HUGE_SHIFT));
    hand.spent += result == PORT_HUGE_DONE ? 1 : result == PORT_HUGE_SLOW ? SLOW_COSTS : FAILURE_COSTS;
    if (result != PORT_HUGE_REFUSED) huge_note(range);
}

static void move_hand(uint32_t ranges, uint32_t may) {
    for (int looks = 0, done = 0; looks < LOOKS_PER_STEP && done < COLLAPSES_PER_STEP && hand.spent < may; looks++) {
        if (hand.range >= ranges) hand.range = 0;
        uint32_t range = hand.range++;
        if ((huge && is_huge(huge, range)) || !is_dense(range)) continue;
        collapse(range);
        done++;
    }
}

STARTUP_TEXT void huge_step(uint32_t quarter) {
    size_t bytes = load_acquire(span_home.bytes);
    if (likely(bytes < HUGE_FROM_BYTES) || !span_home.stepwise || swap_value(busy, true)) return;
    hand.quarters += hand.quarter != quarter;
    hand.quarter = quarter;
    uint32_t ranges = (uint32_t)min_size(bytes >> HUGE_SHIFT, RANGES_MAX);
    uint32_t grown = (uint32_t)((bytes - HUGE_FROM_BYTES) >> HUGE_SHIFT);
    move_hand(ranges, grown * COLLAPSES_PER_GROWN + hand.quarters * COLLAPSES_PER_QUARTER);
    store_release(busy, false);
}

/* Free bytes of a unit of level 2. */
static size_t free_in_medium(const struct unit *line) {
    const struct granule *slot = span_home.slots + (line - span_home.lines) * GRANULES_PER_UNIT;
    size_t free = 0;
    for (uint32_t i = 0; i < GRANULES_PER_UNIT; i++)
        if (granule_state(slot + i) == GRANULE_FREE) free += (size_t)granule_count(slot + i) << GRANULE_SHIFT;
    return free;
}

/* Free bytes in the extent that `line` begins, or lies in; racy. */
static size_t free_in(const struct unit *line, const struct unit *first) {
    switch (load_relaxed(line->kind)) {
    case UNIT_LEAVING:
    case UNIT_FREE: return unit_bytes(line);
    case UNIT_FREE_LAST: return line->count > line - first + 1 ? (size_t)(line - first + 1) << UNIT_SHIFT : 0;
    case UNIT_MEDIUM: return free_in_medium(line);
    case UNIT_SLAB:
        if (line->flags & UNIT_ATTACHED || line->resident_blocks < line->used_blocks) return 0;
        return (size_t)(line->resident_blocks - line->used_blocks) * line->block_bytes;
    default: return 0;
    }
}

static bool is_worth_splitting(size_t range) {
    const struct unit *first = span_home.lines + range * HUGE_UNITS;
    size_t free = 0;
    for (const struct unit *line = first; line < first + HUGE_UNITS && free < SPLIT_BYTES; line++)
        free += free_in(line, first);
    return free >= SPLIT_BYTES;
}

STARTUP_TEXT bool huge_spares(const void *at, size_t bytes) {
    uint8_t *bits = load_acquire(huge);
    size_t offset = (size_t)((const char *)at - span_home.base), range = offset >> HUGE_SHIFT;
    if (likely(!bits) || offset >= (size_t)RANGES_MAX << HUGE_SHIFT) return false;
    if (bytes < SPLIT_BYTES && is_huge(bits, range) && !is_worth_splitting(range)) return true;
    for (size_t last = min_size((offset + bytes - 1) >> HUGE_SHIFT, RANGES_MAX - 1); range <= last; range++)
        __atomic_fetch_and(&bits[range / 8], (uint8_t) ~(1 << range % 8), __ATOMIC_RELAXED);
    return false;
}
