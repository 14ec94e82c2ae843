/* Units without a lock, while a fork is under way. */
#include "span/emergency.h"
#include "base/memory.h"
#include "span/grow.h"
#include "span/units.h"
#include <heapalloc/port.h>

enum { RESERVE_UNITS_MIN = 512, RESERVE_UNITS_MAX = 32768, SPAN_UNITS = 1024, PAUSES = 8 };

/* The reserve, whole in one word so that it can be taken from, opened and closed by compare-and-swap:
 *   llllllllllllllllllllll ssssssssss iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii    l units left  s span  i index of the first there
 * s is 0 for the home span, else 1 + its place in span_list. */
static uint64_t reserve;
enum { RESERVE_SPAN_SHIFT = 32, RESERVE_LEFT_SHIFT = 42 };

/* How many units the next reserve gets: twice as many after one that did not last. A forking thread reads it unlocked. */
static uint32_t reserve_units = RESERVE_UNITS_MIN;

/* One thread at a time, so that nobody finds the deferred extents in another's hands. Every step is safe without it too,
 * and after some waiting goes on so: in a child its holder may be a thread that is not here. */
struct lock emergency_lock = LOCK_OF(RANK_EMERGENCY);

/* The last span of the emergency's own; unlocked where the lock's holder is not here. */
static struct span *further;

static struct span *reserve_span(uint64_t word) {
    uint32_t place = word >> RESERVE_SPAN_SHIFT & ((1 << (RESERVE_LEFT_SHIFT - RESERVE_SPAN_SHIFT)) - 1);
    return place == 0 ? &span_home : load_acquire(span_list[place - 1]);
}

static struct unit *describe(struct span *span, uint32_t at, uint32_t count, enum unit_kind kind, uint8_t flags) {
    struct unit *unit = span->lines + at;
    unit_describe(unit, (struct unit){.count = count,
                                      .memory = span->base + ((size_t)at << UNIT_SHIFT),
                                      .kind = (uint8_t)kind,
                                      .flags = flags});
    return unit;
}

static uint32_t pauses_left;

bool emergency_pause(void) {
    if ((int32_t)__atomic_fetch_sub(&pauses_left, 1, __ATOMIC_RELAXED) <= 0) return false;
    port_pause();
    return true;
}

void emergency_open(void) {
    store_relaxed(pauses_left, PAUSES);
    struct unit *unit = units_take(load_relaxed(reserve_units), UNIT_LEAVING);
    if (!unit) return;
    struct span *span = span_of(unit->memory);
    uint64_t place = 0;
    while (place < span_count && span_list[place] != span) place++;
    place = span == &span_home ? 0 : place + 1;
    uint64_t none = 0, word = (uint64_t)unit->count << RESERVE_LEFT_SHIFT | place << RESERVE_SPAN_SHIFT |
                              (uint32_t)(unit - span->lines);
    if (!cas(reserve, &none, word)) units_give(unit); /* another thread forks at the same time: one reserve will do */
}

void emergency_close(void) {
    uint64_t word = swap_value(reserve, 0);
    uint32_t left = (uint32_t)(word >> RESERVE_LEFT_SHIFT);
    if (left > 0) units_give(describe(reserve_span(word), (uint32_t)word, left, UNIT_LEAVING, 0));
}

static struct unit *from_reserve(uint32_t count, enum unit_kind kind) {
    uint64_t seen = load_acquire(reserve), taken;
    do {
        if (seen >> RESERVE_LEFT_SHIFT < count) return NULL;
        taken = seen + count - ((uint64_t)count << RESERVE_LEFT_SHIFT);
    } while (!cas(reserve, &seen, taken));
    return describe(reserve_span(seen), (uint32_t)seen, count, kind, 0);
}

static struct unit *from_span(struct span *span, uint32_t count, enum unit_kind kind) {
    uint32_t top = load_relaxed(span->top_units);
    do {
        if (count > span->limit_units - top) return NULL;
    } while (!cas(span->top_units, &top, top + count));
    __atomic_fetch_add(&units.emergency_units, count, __ATOMIC_RELAXED);
    return describe(span, top, count, kind, UNIT_CLEAN);
}

/* A deferred extent of `count` units, the closest fit cut to size; NULL: there is none. Whoever looks has the whole chain
 * to itself meanwhile: single pops of several threads could not tell a head from the same head come back. */
static struct unit *from_deferred(uint32_t count, enum unit_kind kind) {
    struct unit *found = NULL, *rest = NULL, *last = NULL;
    for (struct unit *unit = swap_value(units.deferred, NULL), *next; unit; unit = next) {
        next = unit->next;
        struct unit *worse = unit;
        if (unit->count >= count && (!found || unit->count < found->count)) {
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
    racy_store(found->kind, (uint8_t)kind);
    return found;
}

static void enlarge_reserve(void) {
    uint32_t now = load_relaxed(reserve_units);
    if (now < RESERVE_UNITS_MAX) store_relaxed(reserve_units, now * 2);
}

static struct unit *take_any(uint32_t count, enum unit_kind kind) {
    struct unit *unit = from_reserve(count, kind);
    if (!unit) enlarge_reserve();
    if (!unit) unit = from_deferred(count, kind);
    struct span *last = load_acquire(further);
    if (!unit && last) unit = from_span(last, count, kind);
    if (unit) return unit;
    struct span *fresh = grow_span(count, SPAN_UNITS, true);
    if (!fresh) return NULL;
    store_release(further, fresh);
    return from_span(fresh, count, kind);
}

struct unit *emergency_take(uint32_t count, enum unit_kind kind) {
    bool held = lock_take_soon(&emergency_lock);
    for (int i = 0; !held && i < PAUSES; i++) {
        port_pause();
        held = lock_take_soon(&emergency_lock);
    }
    struct unit *unit = take_any(count, kind);
    if (held) lock_give(&emergency_lock);
    return unit;
}
