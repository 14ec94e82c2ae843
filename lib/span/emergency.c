/* Units without a lock, while a fork is under way. */
#include "span/emergency.h"
#include "base/memory.h"
#include "span/grow.h"
#include "span/units.h"

enum { EMERGENCY_UNITS = 1024 };

static struct span *reserve;

/* First of `count` units at the span's top; the span's limit when they do not fit. */
static uint32_t bump(struct span *span, uint32_t count) {
    uint32_t top = load_relaxed(span->top_units);
    do {
        if (count > span->limit_units - top) return span->limit_units;
    } while (!cas(span->top_units, &top, top + count));
    return top;
}

struct unit *emergency_take(uint32_t count, enum unit_kind kind) {
    for (;;) {
        struct span *span = load_acquire(reserve);
        uint32_t at = span ? bump(span, count) : 0;
        if (span && at < span->limit_units) {
            struct unit *unit = span->lines + at;
            *unit = (struct unit){.count = count,
                                  .memory = span->base + ((size_t)at << UNIT_SHIFT),
                                  .kind = (uint8_t)kind,
                                  .flags = UNIT_CLEAN};
            __atomic_fetch_add(&units.emergency_units, count, __ATOMIC_RELAXED);
            return unit;
        }
        struct span *fresh = grow_span(count, EMERGENCY_UNITS, true);
        if (!fresh) return NULL;
        cas(reserve, &span, fresh); /* a loser's span stays entered, unused */
    }
}
