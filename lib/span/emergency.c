/* Units without a lock, while a fork is under way. */
/* SPDX-License-Identifier: MIT */
#include "span/emergency.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/grow.h"
#include "span/unmapped.h"
#include <heapalloc/port.h>

enum {
    RESERVES = 8,         /* extents, so that a fragmented level 1 can fill them */
    WISH_UNITS_MIN = 256, /* in all of them */
    WISH_UNITS_MAX = 8192,
    LEAST_UNITS = 64, /* with fewer set aside the heap grows */
    SPAN_UNITS = 1024,
    PATIENCE_MS = 100,       /* for the end of the fork, when what was set aside is used up: so long for each span */
    PATIENCE_LAST_MS = 2000, /* and when there is no memory at all */
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

/* Held by one thread at a time, so that nobody misses deferred extents that another thread is searching. */
struct lock emergency_lock = LOCK_OF(RANK_EMERGENCY);

/* The last span of the emergency's own since the fork began; under the lock. */
static struct span *further;

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

static struct unit *describe_units(struct span *span, uint32_t at, uint32_t count, enum unit_kind kind,
                                   enum units_state state) {
    struct unit *unit = span->lines + at;
    unit_describe(unit, (struct unit){.count = count,
                                      .memory = span->base + ((size_t)at << UNIT_SHIFT),
                                      .kind = (uint8_t)kind,
                                      .flags = state == UNITS_CLEAN ? UNIT_CLEAN : 0});
    return unit;
}

static struct unit *describe_reserve(uint64_t word, uint32_t count, enum unit_kind kind) {
    return describe_units(span_of_reserve(word), (uint32_t)word & RESERVE_INDEX_MASK, count, kind,
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

/* Give to level 1 what was deferred during the fork, and the unused rest of spans that were made then (`grew`). */
static void settle(bool grew) {
    if (!units_lock()) return;
    for (uint32_t i = 0; grew && i < load_acquire(span_count); i++) {
        struct span *span = load_acquire(span_list[i]);
        if (span && span != units.tip) units_donate_rest(span);
    }
    units_unlock();
}

void emergency_close(void) {
    uint32_t left = 0;
    for (int i = 0; i < RESERVES; i++) {
        uint64_t word = swap_value(reserves[i], 0);
        left += reserve_left(word);
        if (reserve_left(word) > 0) units_give(describe_reserve(word, reserve_left(word), UNIT_LEAVING));
    }
    adapt_wish(left);
    while (!lock_take(&emergency_lock)) {
    }
    bool grew = further != NULL;
    further = NULL;
    lock_give(&emergency_lock);
    settle(grew);
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

static struct unit *from_span(struct span *span, uint32_t count, enum unit_kind kind) {
    debug_check(lock_is_mine(&emergency_lock));
    debug_check(count > 0);
    uint32_t top = load_relaxed(span->top_units);
    do {
        if (count > span->limit_units - top) return NULL;
    } while (!cas(span->top_units, &top, top + count));
    __atomic_fetch_add(&units.emergency_units, count, __ATOMIC_RELAXED);
    return describe_units(span, top, count, kind, UNITS_CLEAN);
}

/* Take a deferred extent of `count` units, the best fit, cut to size; NULL: there is none. The whole chain is detached
 * for the search: single pops by several threads could not tell a head from the same head that came back (ABA). */
static struct unit *from_deferred(uint32_t count, enum unit_kind kind) {
    debug_check(lock_is_mine(&emergency_lock));
    struct unit *found = NULL, *rest = NULL, *last = NULL;
    for (struct unit *unit = swap_value(units.deferred, NULL), *next; unit; unit = next) {
        next = unit->next;
        struct unit *worse = unit;
        if (!(unit->flags & UNIT_UNMAPPED) && unit->count >= count && (!found || unit->count < found->count)) {
            worse = found;
            found = unit;
        }
        if (!worse) continue;
        worse->next = rest;
        rest = worse;
        if (!last) last = worse;
    }
    if (rest) units_defer(rest, last);
    if (!found) return NULL;
    if (found->count > count) {
        rest = unit_cut_tail(found, count);
        units_defer(rest, rest);
    }
    found->flags = 0;
    store_relaxed(found->kind, (uint8_t)kind);
    return found;
}

enum emergency_source { EMERGENCY_FINDS, EMERGENCY_GROWS };

/* Under the lock: take what was set aside, or what others freed since; EMERGENCY_GROWS: or new memory. */
static struct unit *take_any(uint32_t count, enum unit_kind kind, enum emergency_source source) {
    debug_check(lock_is_mine(&emergency_lock));
    struct unit *unit = emergency_take_ready(count, kind);
    if (!unit) unit = from_deferred(count, kind);
    if (!unit && further) unit = from_span(further, count, kind);
    if (unit || source == EMERGENCY_FINDS) return unit;
    struct span *fresh = grow_span(count, SPAN_UNITS, GROW_WHOLE);
    if (!fresh) return NULL;
    further = fresh;
    return from_span(fresh, count, kind);
}

static struct unit *take_under_lock(uint32_t count, enum unit_kind kind, enum emergency_source source) {
    if (!lock_take(&emergency_lock)) return NULL;
    struct unit *unit = take_any(count, kind, source);
    lock_give(&emergency_lock);
    return unit;
}

/* The more spans there are the longer: spans stay, so on a machine where forks take long their number would rise. */
static uint32_t patience_ms(void) {
    uint32_t patience = PATIENCE_MS * (1 + load_relaxed(span_count));
    return patience < PATIENCE_LAST_MS ? patience : PATIENCE_LAST_MS;
}

/* Wait for the end of the fork. NULL and `*over`: it is over, and level 1 serves again. */
static struct unit *take_patiently(uint32_t count, enum unit_kind kind, uint32_t patience, bool *over) {
    *over = lock_await_fork(patience);
    return *over ? NULL : take_under_lock(count, kind, EMERGENCY_GROWS);
}

struct unit *emergency_take(uint32_t count, enum unit_kind kind, bool *over) {
    struct unit *unit = emergency_take_ready(count, kind);
    *over = false;
    if (!unit) unit = take_under_lock(count, kind, EMERGENCY_FINDS);
    if (unit) return unit;
    store_relaxed(ran_dry, true);
    unit = take_patiently(count, kind, patience_ms(), over);
    if (!unit && !*over) unit = take_patiently(count, kind, PATIENCE_LAST_MS, over);
    return unit;
}

bool emergency_again(uint32_t count, enum unit_kind kind, enum grow_result grown, uint32_t *forks, struct unit **unit) {
    uint32_t before = *forks;
    bool over = true;
    *forks = lock_forks();
    *unit = NULL;
    if (!lock_fork_goes_on()) return grown == GROW_FROZEN || before != *forks;
    *unit = emergency_take(count, kind, &over);
    return over;
}
