/* Messages for a pointer that is no block. */
/* SPDX-License-Identifier: MIT */
#include "heap/free_check.h"
#include "heap/guard_slot.h"
#include "heap/redzone_check.h"
#include "slab/slab.h"
#include <heapalloc/port.h>

/* A pointer that no span holds. */
static _Noreturn COLD void foreign(const char *function, const void *p) {
    check_misuse(function, p, port_on_stack(p) ? "is on a stack" : "is not ours");
}

/* A pointer into a unit that is no head: search to the left for the extent that it lies in. */
static _Noreturn COLD void inside(const char *function, const void *p, struct unit *unit) {
    const struct unit *head = unit;
    while (head->kind == UNIT_INSIDE || head->kind == UNIT_FREE_LAST) head--;
    if (head->kind == UNIT_LARGE && head + head->count > unit)
        check_interior(function, p, head->memory, unit_bytes(head));
    if ((head->kind == UNIT_FREE || head->kind == UNIT_LEAVING) && head + head->count > unit)
        check_already_free(function, p);
    check_misuse(function, p, "is not ours");
}

void free_bad_medium(const char *function, const void *p) {
    const struct span *span = span_of(p);
    const struct granule *slot = span_slot(span, p);
    while (granule_state(slot) == GRANULE_NONE && slot > span->slots) slot--;
    if (granule_state(slot) != GRANULE_USED) check_already_free(function, p);
    const char *block = span_slot_memory(span, slot);
    const char *start = load_relaxed(slot->head) & GRANULE_SAMPLED ? redzone_within(block) : NULL;
    size_t bytes = start ? redzone_bytes(start) : 0;
    if (start && (size_t)((const char *)p - start) >= bytes) check_misuse(function, p, "is not ours");
    if (start) check_interior(function, p, start, bytes);
    check_interior(function, p, block, (size_t)granule_count(slot) << GRANULE_SHIFT);
}

void free_bad_block(const char *function, const void *p, struct unit *slab) {
    debug_check(load_relaxed(slab->kind) == UNIT_SLAB);
    char *block = slab_block_around(slab, p);
    if (slab_is_purged(slab_purged_pages(slab), (uintptr_t)block & (UNIT_BYTES - 1))) check_already_free(function, p);
    if (!slab_is_block(slab, block)) check_misuse(function, p, "is not ours");
    if (block_is_free((struct block *)block, heap_secret())) check_already_free(function, p);
    check_interior(function, p, block, slab->block_bytes);
}

void free_bad_unit(const char *function, const void *p) {
    struct unit *unit = span_unit(p);
    if (!unit) foreign(function, p);
    uint8_t kind = load_relaxed(unit->kind);
    if (kind == UNIT_FREE || kind == UNIT_LEAVING) check_already_free(function, p);
    if (kind == UNIT_POOL) check_misuse(function, p, "belongs to a pool");
    if (kind == UNIT_ARENA) check_misuse(function, p, "belongs to an arena");
    if (kind == UNIT_INSIDE || kind == UNIT_FREE_LAST) inside(function, p, unit);
    check_misuse(function, p, "is not ours");
}

REDZONE_TEXT size_t free_check_zoned(const char *function, const void *p) {
    const struct unit *unit = span_unit(p);
    if (unlikely(!unit && guard_has(p))) return guard_region.hooks->check(function, p);
    size_t bytes = redzone_may_be(p, unit) ? redzone_check(function, p) : 0;
    if (likely(bytes)) return bytes;
    if (unit && load_relaxed(unit->kind) == UNIT_MEDIUM) free_bad_medium(function, p);
    free_bad_unit(function, p);
}

size_t free_check_bytes(const char *function, const void *p) {
    struct unit *unit = free_look_unit(p);
    if (unlikely(!unit)) return free_check_zoned(function, p);
    if (unit->kind == UNIT_SLAB) {
        free_check_slab(function, p, unit);
        return unit->block_bytes;
    }
    if (unit->kind == UNIT_MEDIUM) {
        const struct granule *slot = free_look_medium(p);
        return likely(slot) ? (size_t)granule_count(slot) << GRANULE_SHIFT : free_check_zoned(function, p);
    }
    free_check_large(function, p, unit);
    return unit_bytes(unit);
}
