/* What a pointer is, for callers that continue whatever it is. */
/* SPDX-License-Identifier: MIT */
#include "heap/used.h"
#include "heap/guard_slot.h"
#include "heap/quarantine.h"
#include "heap/redzone_block.h"
#include "slab/slab.h"

STARTUP_TEXT size_t used_bytes(const void *p) {
    struct unit *unit = p ? span_unit(p) : NULL;
    if (!unit) return guard_has(p) ? guard_region.hooks->bytes(p) : 0;
    if (load_relaxed(unit->kind) == UNIT_LARGE) return p == unit->memory ? unit_bytes(unit) : 0;
    if (load_relaxed(unit->kind) == UNIT_MEDIUM) {
        struct granule *slot = span_slot(span_of(p), p);
        bool starts = !((uintptr_t)p & (GRANULE_BYTES - 1)) && granule_state(slot) == GRANULE_USED;
        if (starts && load_relaxed(slot->head) & GRANULE_SAMPLED && redzone_begins(p)) return 0;
        if (starts) return quarantine_has(p) ? 0 : (size_t)granule_count(slot) << GRANULE_SHIFT;
    }
    if (load_relaxed(unit->kind) != UNIT_SLAB) return redzone_may_be(p, unit) ? redzone_bytes(p) : 0;
    if (!slab_is_block(unit, p)) return 0;
    bool idle = block_is_free(p, heap_secret()) || quarantine_has(p);
    return idle ? 0 : load_relaxed(unit->block_bytes);
}

bool used_is_mapped(const void *p) {
    const struct unit *line = span_unit(p), *head = line;
    while (head && load_relaxed(head->kind) == UNIT_INSIDE) head--;
    uint8_t kind = head ? load_relaxed(head->kind) : UNIT_EDGE;
    if (kind == UNIT_FREE || kind == UNIT_FREE_LAST || kind == UNIT_LEAVING || kind == UNIT_EDGE) return false;
    return line == head || line < head + load_relaxed(head->count);
}
