/* Walking the heap's blocks. */
/* SPDX-License-Identifier: MIT */
#include "inspect/walk.h"
#include "heap/guard_slot.h"
#include "heap/redzone_block.h"
#include "inspect/slab_map.h"
#include "inspect/spans.h"

struct visitor {
    walk_function *function;
    void *context;
};

static void visit(const struct visitor *visitor, void *memory, size_t bytes, enum walk_state state, unsigned class) {
    struct walk_block block = {memory, bytes, state, class};
    visitor->function(&block, visitor->context);
}

static bool visit_slab(const struct visitor *visitor, const struct unit *slab) {
    struct slab_map map;
    if (slab->owner && !heap_is_readable(slab->owner)) return true;
    if (slab->block_bytes == 0 || !slab_map_fill(&map, slab)) return false;
    for (uint32_t i = 0; i < slab->carved_blocks; i++) {
        if (slab_is_purged(slab_purged_pages(slab), (size_t)i * slab->block_bytes)) continue;
        enum walk_state state = slab_map_has(&map, i) ? WALK_FREE : WALK_USED;
        visit(visitor, slab->memory + (size_t)i * slab->block_bytes, slab->block_bytes, state, slab->class);
    }
    return true;
}

static bool visit_medium(const struct visitor *visitor, const struct extent_walk *extent) {
    struct medium_walk block = {0};
    while (medium_walk_next(extent, &block)) {
        enum walk_state state = block.state == GRANULE_USED   ? WALK_USED
                                : block.state == GRANULE_FREE ? WALK_FREE
                                                              : WALK_HELD;
        char *memory = span_slot_memory(extent->span, block.slot);
        const char *zoned = state == WALK_USED && redzone_is_possible(block.slot) ? redzone_within(memory) : NULL;
        size_t bytes = zoned ? redzone_bytes(zoned) : (size_t)block.count << GRANULE_SHIFT;
        visit(visitor, zoned ? (char *)(uintptr_t)zoned : memory, bytes, state, 0);
    }
    return !block.broken;
}

/* The allocator's own units have no blocks, but for the region of those with red zones. */
static bool visit_own(const struct visitor *visitor, const struct unit *line) {
    struct redzone_walk walk = {0};
    while (line->memory == redzone_region.from && redzone_walk_next(&walk))
        visit(visitor, walk.memory, walk.bytes, walk.used ? WALK_USED : WALK_FREE, 0);
    return true;
}

static bool visit_extent(const struct visitor *visitor, const struct extent_walk *extent) {
    struct unit *line = extent->line;
    size_t bytes = (size_t)extent->units << UNIT_SHIFT;
    switch (line->kind) {
    case UNIT_SLAB: return visit_slab(visitor, line);
    case UNIT_MEDIUM: return visit_medium(visitor, extent);
    case UNIT_POOL:
    case UNIT_ARENA:
    case UNIT_LARGE: visit(visitor, line->memory, bytes, WALK_USED, 0); return true;
    case UNIT_FREE: visit(visitor, line->memory, bytes, WALK_FREE, 0); return true;
    case UNIT_LEAVING: visit(visitor, line->memory, bytes, WALK_HELD, 0); return true;
    case UNIT_META: return visit_own(visitor, line);
    default: return false;
    }
}

COLD bool walk_heap(walk_function *function, void *context) {
    struct visitor visitor = {function, context};
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (!visit_extent(&visitor, &walk)) return false;
    }
    struct guard_walk slot = {0};
    while (guard_walk_next(&slot)) visit(&visitor, slot.memory, slot.bytes, slot.used ? WALK_USED : WALK_FREE, 0);
    return !walk.broken;
}
