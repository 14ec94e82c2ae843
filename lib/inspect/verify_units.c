/* The verifier, level 1: extents, their sums, their list by age. */
/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"
#include "inspect/spans.h"
#include "inspect/verify_parts.h"
#include "span/units.h"

INLINE bool is_extent(uint8_t kind) {
    return kind == UNIT_FREE || kind == UNIT_SLAB || kind == UNIT_MEDIUM || kind == UNIT_LARGE || kind == UNIT_META ||
           kind == UNIT_POOL || kind == UNIT_ARENA || kind == UNIT_LEAVING;
}

/* True when the lines after the head are INSIDE, but for a free extent's last and for level 2's; only slabs,
 * pools and arenas have owners. */
static bool lines_agree(const struct extent_walk *walk) {
    uint8_t kind = walk->line->kind;
    bool slab = kind == UNIT_SLAB;
    if (inspect_has_lost() && (kind == UNIT_LEAVING || kind == UNIT_INSIDE)) return true;
    if (!is_extent(kind) || (walk->line->block_bytes != 0) != slab) return false;
    if (walk->line->owner ? !slab && kind != UNIT_POOL && kind != UNIT_ARENA : kind == UNIT_POOL) return false;
    if (kind == UNIT_LARGE && walk->line->flags & UNIT_ROOMY && walk->line->wanted - 1 >= walk->line->count)
        return false;
    if (kind != UNIT_MEDIUM && walk->line->memory != span_line_memory(walk->line)) return false;
    for (uint32_t i = 1; i < walk->units; i++) {
        const struct unit *line = walk->line + i;
        bool last = kind == UNIT_FREE && i == walk->units - 1;
        uint8_t expected = last ? UNIT_FREE_LAST : kind == UNIT_MEDIUM ? UNIT_MEDIUM : UNIT_INSIDE;
        if (line->kind != expected || line->owner || line->block_bytes) return false;
    }
    return true;
}

/* How many extents should be LEAVING: those deferred, and each heap's most recent large block. */
static uint32_t leaving_expected(void) {
    uint32_t count = 0;
    for (struct unit *unit = load_acquire(units.deferred); unit; unit = unit->next) count++;
    for (struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all)
        count += heap->state == HEAP_LIVE && heap->recent_large;
    return count;
}

static bool edges_stand(void) {
    for (uint32_t place = 0; place < inspect_span_places(); place++) {
        struct span *span = inspect_span(place);
        if (!span || span->top_units == 0) continue;
        if (span->lines[-1].kind != UNIT_EDGE || (size_t)span->top_units << UNIT_SHIFT > span->bytes) return false;
    }
    return true;
}

COLD bool verify_extents(void) {
    uint32_t leaving = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (!lines_agree(&walk)) return false;
        leaving += walk.line->kind == UNIT_LEAVING;
    }
    if (walk.broken || !edges_stand()) return false;
    /* What a thread was giving when a fork lost it stays LEAVING. */
    return inspect_has_lost() ? leaving >= leaving_expected() : leaving == leaving_expected();
}

static bool is_entered(const struct unit *unit) {
    struct tlsf *const all[] = {&units.dirty, &units.clean, &units.unmapped};
    const struct tlsf *index = unit->flags & UNIT_UNMAPPED ? &units.unmapped : all[unit->flags & UNIT_CLEAN];
    const struct tlsf_node *before = tlsf_before(index, &unit->node);
    if (!before) return tlsf_at(index, unit->count) == &unit->node;
    for (int i = 0; i < 3; i++)
        if (!tlsf_before(all[i], &unit->node)) return false;
    return before->next == &unit->node;
}

COLD bool verify_free_extents(void) {
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (walk.line->kind != UNIT_FREE) continue;
        if (walk.line[walk.units - 1].count != walk.units || !is_entered(walk.line)) return false;
        if (walk.line->flags & ~(UNIT_STATES | UNIT_AGED) || (walk.line->flags & UNIT_STATES) == UNIT_STATES)
            return false;
    }
    return true;
}

COLD bool verify_coalesced(void) {
    const struct unit *left = NULL, *left_end = NULL;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (walk.line->kind != UNIT_FREE) continue;
        if (walk.line == left_end && !((walk.line->flags ^ left->flags) & UNIT_STATES)) return false;
        left = walk.line;
        left_end = walk.line + walk.units;
    }
    return true;
}

COLD bool verify_unit_sum(void) {
    uint32_t dirty = 0, clean = 0, unmapped = 0, other = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        bool is_free = walk.line->kind == UNIT_FREE;
        uint8_t flags = walk.line->flags;
        *(!is_free ? &other : flags & UNIT_UNMAPPED ? &unmapped : flags & UNIT_CLEAN ? &clean : &dirty) += walk.units;
    }
    return dirty == units.dirty_units && clean == units.clean_units && unmapped == units.unmapped_units &&
           (config_bounded || units.least_dirty[0] <= dirty) && other == units.used_units + units.emergency_units;
}

/* True when the counts of moved and unmapped extents are right; they are bounded, so they must not drift. */
COLD bool verify_unmapped(void) {
    uint32_t unmapped = 0, moved = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        uint8_t kind = walk.line->kind, flags = walk.line->flags;
        if (kind == UNIT_FREE) unmapped += (flags & UNIT_UNMAPPED) != 0;
        if (kind == UNIT_LARGE || kind == UNIT_LEAVING) moved += (flags & UNIT_MOVED) != 0;
    }
    return unmapped == units.unmapped_extents && (moved == load_relaxed(units.moved_extents) || inspect_has_lost());
}

static uint32_t aged_extents(void) {
    uint32_t count = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) count += walk.line->kind == UNIT_FREE && walk.line->flags & UNIT_AGED;
    return count;
}

COLD bool verify_ages(void) {
    uint32_t left = aged_extents();
    const struct unit *older = NULL;
    for (const struct unit *unit = units.oldest; unit; older = unit, unit = unit->newer) {
        if (left-- == 0 || unit->older != older) return false;
        if (unit->kind != UNIT_FREE || (unit->flags & (UNIT_AGED | UNIT_STATES)) != UNIT_AGED) return false;
    }
    return left == 0 && units.newest == older;
}
