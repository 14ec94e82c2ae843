/* Walking what the spans hold. */
#include "inspect/spans.h"

static uint32_t extent_units(const struct unit *line) {
    switch (racy_load(line->kind)) {
    case UNIT_FREE:
    case UNIT_LARGE:
    case UNIT_META:
    case UNIT_LEAVING: return racy_load(line->count);
    default: return 1;
    }
}

bool extent_walk_next(struct extent_walk *walk) {
    while (!walk->span || walk->next >= load_relaxed(walk->span->top_units)) {
        if (walk->place >= inspect_span_places()) return false;
        walk->span = inspect_span(walk->place++);
        walk->next = 0;
    }
    walk->line = walk->span->lines + walk->next;
    walk->units = extent_units(walk->line);
    if (walk->units == 0 || walk->units > walk->span->top_units - walk->next) {
        walk->units = 0;
        return false;
    }
    walk->next += walk->units;
    return true;
}
