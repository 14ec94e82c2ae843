/* Walking the extents of all spans. */
/* SPDX-License-Identifier: MIT */
#include "inspect/spans.h"
#include "heap/heap.h"

COLD bool inspect_has_lost(void) {
    return heaps.has_lost_threads;
}

COLD struct span *inspect_span(uint32_t place) {
    if (place == 0) return span_home.lines ? &span_home : NULL; /* its base may be address 0 */
    return load_acquire(span_list[place - 1]);
}

/* Count `line` and the lines of `kind` that follow it, at most `most`. */
static uint32_t lines_of(const struct unit *line, uint8_t kind, uint32_t most) {
    uint32_t units = 1;
    while (units < most && load_relaxed(line[units].kind) == kind) units++;
    return units;
}

static uint32_t extent_units(const struct unit *line, uint32_t most) {
    switch (load_relaxed(line->kind)) {
    case UNIT_FREE: return load_relaxed(line->count);
    case UNIT_LARGE:
    case UNIT_META:
    case UNIT_ARENA:
    case UNIT_LEAVING: return inspect_has_lost() ? lines_of(line, UNIT_INSIDE, most) : load_relaxed(line->count);
    case UNIT_MEDIUM: return lines_of(line, UNIT_MEDIUM, most);
    default: return 1;
    }
}

static bool to_next_span(struct extent_walk *walk) {
    do {
        if (walk->place >= inspect_span_places()) return false;
        walk->span = inspect_span(walk->place++);
        walk->next = 0;
    } while (!walk->span || load_relaxed(walk->span->top_units) == 0);
    return true;
}

COLD bool extent_walk_next(struct extent_walk *walk) {
    if (!walk->span || walk->next >= load_relaxed(walk->span->top_units)) {
        if (!to_next_span(walk)) return false;
    }
    uint32_t most = load_relaxed(walk->span->top_units) - walk->next;
    walk->line = walk->span->lines + walk->next;
    walk->units = extent_units(walk->line, most);
    walk->broken = walk->units == 0 || walk->units > most;
    walk->next += walk->units;
    return !walk->broken;
}

COLD bool medium_walk_next(const struct extent_walk *extent, struct medium_walk *walk) {
    struct granule *first = extent_slots(extent), *end = first + extent_granules(extent);
    walk->slot = walk->slot ? walk->slot + walk->count : first;
    while (inspect_has_lost() && walk->slot < end && walk->slot->head == 0) walk->slot++;
    if (walk->slot == end) return false;
    walk->count = granule_count(walk->slot);
    walk->state = granule_state(walk->slot);
    walk->broken = walk->count == 0 || walk->count > (size_t)(end - walk->slot) || walk->state == GRANULE_NONE ||
                   walk->state > GRANULE_DEFERRED;
    return !walk->broken;
}
