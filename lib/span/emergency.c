/* Units without a lock, while a fork is under way. */
/* SPDX-License-Identifier: MIT */
#include "span/emergency.h"
#include "base/check.h"
#include "span/emergency_reserve.h"
#include "span/span_reserve.h"
#include "span/units_free.h"
#include <heapalloc/port.h>

enum {
    SPAN_UNITS = 1024,
    PATIENCE_MS = 100,       /* for the end of the fork, when what was set aside is used up: so long for each span */
    PATIENCE_LAST_MS = 2000, /* and when there is no memory at all */
};

/* Held by one thread at a time, so that nobody misses deferred extents that another thread is searching. */
struct lock emergency_lock = LOCK_OF(RANK_EMERGENCY);

/* The last span of the emergency's own since the fork began; under the lock. */
static struct span *further;

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
    emergency_return();
    while (!lock_take(&emergency_lock)) {
    }
    bool grew = further != NULL;
    further = NULL;
    lock_give(&emergency_lock);
    settle(grew);
}

static struct unit *from_span(struct span *span, uint32_t count, enum unit_kind kind) {
    debug_check(lock_is_mine(&emergency_lock));
    debug_check(count > 0);
    uint32_t top = load_relaxed(span->top_units);
    do {
        if (count > span->limit_units - top) return NULL;
    } while (!cas(span->top_units, &top, top + count));
    __atomic_fetch_add(&units.emergency_units, count, __ATOMIC_RELAXED);
    return emergency_describe(span, top, count, kind, UNITS_CLEAN);
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
    struct span *fresh = span_add(count, SPAN_UNITS, RESERVE_WHOLE);
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
    emergency_ran_dry();
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
