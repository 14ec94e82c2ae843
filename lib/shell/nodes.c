/* What a node of an index lies in, for the shell: found without reading the node, which may be damaged. */
/* SPDX-License-Identifier: MIT */
#include "shell/parts.h"
#include "span/units.h"

static bool lies_in(uintptr_t at, const void *table, size_t count, size_t bytes) {
    return at - (uintptr_t)table < count * bytes && (at - (uintptr_t)table) % bytes == 0;
}

struct granule *shell_slot_of(const struct tlsf_node *node) {
    uintptr_t at = (uintptr_t)node - sizeof(struct granule);
    for (uint32_t place = 0; place < inspect_span_places(); place++) {
        const struct span *span = inspect_span(place);
        if (span && lies_in(at, span->slots, (size_t)span->tabled_units * GRANULES_PER_UNIT, sizeof(struct granule)))
            return (struct granule *)at;
    }
    return NULL;
}

struct unit *shell_unit_of(const struct tlsf_node *node) {
    uintptr_t at = (uintptr_t)node - offsetof(struct unit, node);
    for (uint32_t place = 0; place < inspect_span_places(); place++) {
        const struct span *span = inspect_span(place);
        if (span && lies_in(at, span->lines, span->tabled_units, UNIT_LINE_BYTES)) return (struct unit *)at;
    }
    return NULL;
}

struct granule *shell_cached_slot(const char *memory) {
    if (span_of(memory) != &span_home || (uintptr_t)memory & (GRANULE_BYTES - 1)) return NULL;
    return span_slot(&span_home, memory);
}
