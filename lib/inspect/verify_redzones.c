/* The verifier: the blocks with red zones are all there, and nothing was written before or behind them. */
/* SPDX-License-Identifier: MIT */
#include "heap/redzone_block.h"
#include "inspect/spans.h"
#include "inspect/verify_parts.h"

static bool region_is_whole(void) {
    struct redzone_walk walk = {0};
    size_t cells = 0;
    for (; redzone_walk_next(&walk); cells++)
        if (walk.used && !redzone_is_whole(walk.memory, walk.bytes)) return false;
    return cells == redzone_region.blocks && redzone_region.used <= redzone_region.bytes;
}

COLD bool verify_redzones(void) {
    struct extent_walk walk = {0};
    if (!config_redzones) return true;
    while (extent_walk_next(&walk)) {
        struct medium_walk block = {0};
        while (walk.line->kind == UNIT_MEDIUM && medium_walk_next(&walk, &block)) {
            if (block.state != GRANULE_USED || !redzone_is_possible(block.slot)) continue;
            const char *p = redzone_within(span_slot_memory(walk.span, block.slot));
            if (p && !redzone_is_whole(p, redzone_bytes(p))) return false;
        }
    }
    return region_is_whole();
}
