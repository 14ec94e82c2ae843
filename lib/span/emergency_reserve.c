/* Units that a fork sets aside. */
/* SPDX-License-Identifier: MIT */
#include "span/emergency_reserve.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/grow.h"
#include "span/units_free.h"
#include "span/unmapped.h"

enum {
    RESERVES = 8,         /* extents, so that a fragmented level 1 can fill them */
    WISH_UNITS_MIN = 256, /* in all of them */
    WISH_UNITS_MAX = 8192,
    LEAST_UNITS = 64, /* with fewer set aside the heap grows */
};

/* The extents that were set aside, each in one word, so that compare-and-swap can open, take from and close it:
 *   llllllllllllllllllllll ssssssssss ciiiiiiiiiiiiiiiiiiiiiiiiiiiiiii    l units left  s span  c clean  i first unit
 * s is 0 for the home span, else 1 + its place in span_list. */
static uint64_t reserves[RESERVES];
enum { RESERVE_CLEAN_SHIFT = 31, RESERVE_SPAN_SHIFT = 32, RESERVE_LEFT_SHIFT = 42 };
#define RESERVE_INDEX_MASK ((UINT32_C(1) << RESERVE_CLEAN_SHIFT) - 1)

/* How much a fork sets aside, of dirty units too: twice as much after a fork that ran out, half after one that used
 * less than a quarter. Clean ones are set aside up to the most in any case, or each long fork would need memory anew.
 * Dirty ones would become as young as the latest fork, so when the wish is the least they stay. */
static uint32_t wish_units = WISH_UNITS_MIN;
static uint32_t opened_units;
static bool ran_dry;

static struct span *span_of_reserve(uint64_t word) {
    uint32_t place = word >> RESERVE_SPAN_SHIFT & ((1 << (RESERVE_LEFT_SHIFT - RESERVE_SPAN_SHIFT)) - 1);
    return place == 0 ? &span_home : load_acquire(span_list[place - 1]);
}

static uint32_t reserve_left(uint64_t word) {
    return (uint32_t)(word >> RESERVE_LEFT_SHIFT);
}

static uint64_t reserve_of(const struct unit *unit) {
    debug_check(unit->kind == UNIT_LEAVING && unit->count > 0);
    struct span *span = span_of(unit->memory);
    uint64_t place = 0, clean = unit->flags & UNIT_CLEAN ? 1 : 0;
    while (span != &span_home && span_list[place++] != span) {
    }
    return (uint64_t)unit->count << RESERVE_LEFT_SHIFT | place << RESERVE_SPAN_SHIFT | clean << RESERVE_CLEAN_SHIFT |
           (uint32_t)(unit - span->lines);
}

struct unit *emergency_describe(struct span *span, uint32_t at, uint32_t count, enum unit_kind kind,
                                enum units_state state) {
    struct unit *unit = span->lines + at;
    unit_describe(unit, (struct unit){.count = count,
                                      .memory = span->base + ((size_t)at << UNIT_SHIFT),
                                      .kind = (uint8_t)kind,
                                      .flags = state == UNITS_CLEAN ? UNIT_CLEAN : 0});
    return unit;
}

static struct unit *describe_reserve(uint64_t word, uint32_t count, enum unit_kind kind) {
    return emergency_describe(span_of_reserve(word), (uint32_t)word & RESERVE_INDEX_MASK, count, kind,
                              word >> RESERVE_CLEAN_SHIFT & 1 ? UNITS_CLEAN : UNITS_DIRTY);
}

/* Grow the heap, or map an unmapped extent again. */
static struct unit *take_more(void) {
    struct unit *unit = NULL;
    if (grow_tip_by(LEAST_UNITS) == GROW_DONE) units_take_ready(LEAST_UNITS, UNIT_LEAVING, UNITS_ANYWHERE, &unit);
    return unit ? unit : unmapped_take(LEAST_UNITS, UNIT_LEAVING, 0);
}

void emergency_open(void) {
    uint32_t sum = 0;
    store_relaxed(ran_dry, false); /* a thread that met an earlier fork may have set it */
    for (int i = 0; i < RESERVES && sum < WISH_UNITS_MAX; i++) {
        struct unit *unit = units_take_some(WISH_UNITS_MAX - sum, UNITS_CLEAN, UNIT_LEAVING);
        if (!unit && wish_units > WISH_UNITS_MIN && sum < wish_units)
            unit = units_take_some(wish_units - sum, UNITS_DIRTY, UNIT_LEAVING);
        if (!unit && sum < LEAST_UNITS) unit = take_more();
        if (!unit) break;
        sum += unit->count;
        store_release(reserves[i], reserve_of(unit));
    }
    opened_units = sum;
}

static void adapt_wish(uint32_t left) {
    if (load_relaxed(ran_dry) && wish_units < WISH_UNITS_MAX) wish_units *= 2;
    if (!load_relaxed(ran_dry) && opened_units - left < wish_units / 4 && wish_units > WISH_UNITS_MIN) wish_units /= 2;
}

void emergency_ran_dry(void) {
    store_relaxed(ran_dry, true);
}

void emergency_return(void) {
    uint32_t left = 0;
    for (int i = 0; i < RESERVES; i++) {
        uint64_t word = swap_value(reserves[i], 0);
        left += reserve_left(word);
        if (reserve_left(word) > 0) units_give(describe_reserve(word, reserve_left(word), UNIT_LEAVING));
    }
    adapt_wish(left);
}

struct unit *emergency_take_ready(uint32_t count, enum unit_kind kind) {
    for (int i = 0; i < RESERVES; i++) {
        uint64_t seen = load_acquire(reserves[i]), taken;
        do taken = seen + count - ((uint64_t)count << RESERVE_LEFT_SHIFT);
        while (reserve_left(seen) >= count && !cas(reserves[i], &seen, taken));
        if (reserve_left(seen) >= count) return describe_reserve(seen, count, kind);
    }
    return NULL;
}
