/* Address space that goes back to the world, and extents whose pages were moved. */
#include "span/gone.h"
#include "base/memory.h"
#include "span/extent.h"
#include <heapalloc/port.h>

enum {
    STEP_UNITS = (16 << 20) / UNIT_BYTES,          /* asked for again at once, so that small requests do not ask each */
    CLEAN_KEPT_UNITS = (512 << 20) / UNIT_BYTES,   /* programs that need less never give addresses back */
    RELEASED_UNITS_MIN = (4 << 20) / UNIT_BYTES,
    EXTENTS_MAX = 12,                              /* each is a hole, and splits a mapping */
    MOVED_MAX = 10,                                /* each is a mapping, and may split another one */
    MOVED_LARGE_MAX = 14,                          /* of those that are dear to copy */
    MOVED_LARGE_UNITS = (32 << 20) / UNIT_BYTES,
};

static bool can_go(const struct unit *unit) {
    return span_home.stepwise && span_of(unit->memory) == &span_home && port_page_bytes() <= UNIT_BYTES;
}

INLINE size_t bytes_of(const struct unit *unit) {
    return (size_t)unit->count << UNIT_SHIFT;
}

/* The front of a gone extent, LEAVING: `count` units, or a step of it. */
static struct unit *take_locked(uint32_t count) {
    struct unit *unit = extent_find(&units.gone, count);
    if (!unit) return NULL;
    uint32_t step = count > STEP_UNITS ? count : STEP_UNITS;
    if (step > unit->count) step = unit->count;
    extent_cut_front(unit, step);
    return extent_hand_out(unit, step, UNIT_LEAVING);
}

static void give_gone(struct unit *unit) {
    unit->flags = UNIT_GONE;
    units_give(unit);
}

struct unit *gone_take(uint32_t count, enum unit_kind kind) {
    if (likely(load_relaxed(units.gone_units) < count) || !lock_take(&units.lock)) return NULL;
    struct unit *unit = take_locked(count);
    units_unlock();
    if (!unit) return NULL;
    if (!port_map(unit->memory, bytes_of(unit))) {
        if (unit->count > count) give_gone(unit_cut_tail(unit, count));
        if (!port_map(unit->memory, bytes_of(unit))) {
            give_gone(unit);
            return NULL;
        }
    }
    unit->flags = UNIT_CLEAN;
    units_shrink(unit, count);
    racy_store(unit->kind, (uint8_t)kind);
    return unit;
}

bool gone_release(struct unit *unit) {
    uint32_t used = load_relaxed(units.used_units), keep = used / 4 > CLEAN_KEPT_UNITS ? used / 4 : CLEAN_KEPT_UNITS;
    if (likely(load_relaxed(units.clean_units) + unit->count <= keep) || unit->count < RELEASED_UNITS_MIN) return false;
    if (load_relaxed(units.gone_extents) >= EXTENTS_MAX || !can_go(unit)) return false;
    if (!port_unmap(unit->memory, bytes_of(unit))) return false;
    unit->flags = UNIT_GONE;
    return true;
}

static void count_moved(uint32_t more) {
    __atomic_fetch_add(&units.moved_extents, more, __ATOMIC_RELAXED);
}

void gone_count_moved(struct unit *tail) {
    tail->flags |= UNIT_MOVED;
    count_moved(1);
}

bool gone_move(struct unit *to, struct unit *from) {
    uint32_t most = from->count >= MOVED_LARGE_UNITS ? MOVED_LARGE_MAX : MOVED_MAX;
    bool again = from->flags & UNIT_MOVED;
    if (load_relaxed(units.moved_extents) >= most + again || !can_go(to) || !can_go(from)) return false;
    void *unmapped;
    if (!port_move(to->memory, from->memory, bytes_of(from), &unmapped)) {
        if (unmapped) units_shrink(to, from->count); /* behind that it is as it was */
        to->flags = unmapped ? UNIT_GONE : 0;
        return false;
    }
    to->flags = UNIT_MOVED;
    from->flags = unmapped ? UNIT_GONE : UNIT_CLEAN;
    if (!again) count_moved(1);
    return true;
}

void gone_renew(struct unit *unit) {
    count_moved(-1u);
    unit->flags = port_renew(unit->memory, bytes_of(unit)) ? UNIT_CLEAN : UNIT_GONE;
}
