/* What lies at an address: the extent, the block in it, its state. */
/* SPDX-License-Identifier: MIT */
#include "inspect/slab_map.h"
#include "shell/parts.h"

char *shell_extent_memory(const struct extent_walk *extent) {
    return extent->span->base + ((size_t)(extent->line - extent->span->lines) << UNIT_SHIFT);
}

const char *shell_extent_name(const struct extent_walk *extent) {
    switch (extent->line->kind) {
    case UNIT_FREE:
        if (extent->line->flags & UNIT_UNMAPPED) return "free, not mapped";
        return extent->line->flags & UNIT_CLEAN ? "free, clean" : "free";
    case UNIT_SLAB: return "slab";
    case UNIT_MEDIUM: return "medium blocks";
    case UNIT_LARGE: return "large block";
    case UNIT_LEAVING: return "kept for the next request";
    case UNIT_META: return "the allocator's own";
    case UNIT_POOL: return "slab of a pool";
    case UNIT_ARENA: return "chunk of an arena";
    default: return "damaged";
    }
}

/* ---- blocks of a slab ---- */

/* Which list each free block is in; slab_map_fill() has found the lists sound before. */
struct lists {
    struct slab_map map;
    uint64_t own[UNIT_BYTES / BLOCK_ALIGN_BYTES / 64], remote[UNIT_BYTES / BLOCK_ALIGN_BYTES / 64];
};

static void find_enter(uint64_t *bits, const struct unit *slab, const struct block *block, uint32_t most) {
    for (; block != BLOCK_END && most > 0; block = block->next, most--) {
        uint32_t index = (uint32_t)((uintptr_t)block & (UNIT_BYTES - 1)) / slab->block_bytes;
        bits[index / 64] |= UINT64_C(1) << index % 64;
    }
}

static bool fill(struct lists *lists, const struct unit *slab) {
    uint32_t word = load_acquire(slab->remote);
    if (!slab_map_fill(&lists->map, slab)) return false;
    find_enter(lists->own, slab, slab->free, UNIT_BYTES);
    find_enter(lists->remote, slab, (const struct block *)(slab->memory + (word & REMOTE_OFFSET_MASK)),
               remote_count(word));
    return true;
}

static const char *list_of(const struct lists *lists, uint32_t index) {
    if (lists->own[index / 64] >> index % 64 & 1) return "in its slab's list";
    return lists->remote[index / 64] >> index % 64 & 1 ? "in its slab's remote list" : "in the bin";
}

static struct shell_found slab_part(const struct extent_walk *extent, const struct lists *lists, uint32_t index) {
    const struct unit *slab = extent->line;
    struct shell_found part = {.kind = SHELL_BLOCK, .extent = *extent, .bytes = slab->block_bytes};
    part.start = shell_extent_memory(extent) + (size_t)index * slab->block_bytes;
    part.state = slab_map_has(&lists->map, index) ? WALK_FREE : WALK_USED;
    part.where = part.state == WALK_FREE ? list_of(lists, index) : "";
    return part;
}

bool shell_owner_is_known(const struct unit *slab) {
    const struct heap *heap = load_acquire(heaps.all);
    while (heap && heap != slab->owner) heap = heap->next_all;
    return heap || !slab->owner;
}

static bool slab_parts(const struct extent_walk *extent, shell_part *function, void *context) {
    const struct unit *slab = extent->line;
    struct lists lists = {0};
    if (!shell_owner_is_known(slab) || slab->class == 0 || slab->class >= CLASS_COUNT ||
        slab->block_bytes != class_shapes[slab->class].block_bytes ||
        slab->carved_blocks > class_shapes[slab->class].capacity_blocks || !fill(&lists, slab))
        return false;
    for (uint32_t i = 0; i < slab->carved_blocks; i++) {
        struct shell_found part = slab_part(extent, &lists, i);
        if (slab_is_purged(slab_purged_pages(slab), (uintptr_t)part.start & (UNIT_BYTES - 1)))
            part.kind = SHELL_UNCARVED;
        function(&part, context);
    }
    size_t carved = (size_t)slab->carved_blocks * slab->block_bytes;
    struct shell_found rest = {.kind = SHELL_UNCARVED, .extent = *extent, .bytes = UNIT_BYTES - carved, .where = ""};
    rest.start = shell_extent_memory(extent) + carved;
    if (rest.bytes > 0) function(&rest, context);
    return true;
}

/* ---- blocks of level 2, and whole extents ---- */

static bool medium_parts(const struct extent_walk *extent, shell_part *function, void *context) {
    struct medium_walk block = {0};
    while (medium_walk_next(extent, &block)) {
        struct shell_found part = {.kind = SHELL_MEDIUM, .extent = *extent, .slot = block.slot, .where = ""};
        part.start = span_slot_memory(extent->span, block.slot);
        part.bytes = (size_t)block.count << GRANULE_SHIFT;
        part.state = block.state == GRANULE_USED ? WALK_USED : block.state == GRANULE_FREE ? WALK_FREE : WALK_HELD;
        if (part.state == WALK_HELD) part.where = "kept for the next request of its size";
        function(&part, context);
    }
    return !block.broken;
}

bool shell_parts(const struct extent_walk *extent, shell_part *function, void *context) {
    struct shell_found part = {.kind = SHELL_OTHER,
                               .extent = *extent,
                               .start = shell_extent_memory(extent),
                               .bytes = (size_t)extent->units << UNIT_SHIFT,
                               .where = ""};
    switch (extent->line->kind) {
    case UNIT_SLAB: return slab_parts(extent, function, context);
    case UNIT_MEDIUM: return medium_parts(extent, function, context);
    case UNIT_LARGE: part.kind = SHELL_LARGE; break;
    case UNIT_LEAVING: part.kind = SHELL_LARGE, part.state = WALK_HELD, part.where = shell_extent_name(extent); break;
    case UNIT_FREE: part.kind = SHELL_FREE, part.state = WALK_FREE; break;
    case UNIT_META:
    case UNIT_POOL:
    case UNIT_ARENA: part.where = shell_extent_name(extent); break;
    default: return false;
    }
    function(&part, context);
    return true;
}

/* ---- one address ---- */

struct search {
    uintptr_t address;
    struct shell_found found;
};

static void compare(const struct shell_found *part, void *context) {
    struct search *search = context;
    if (search->address - (uintptr_t)part->start < part->bytes) search->found = *part;
}

struct shell_found shell_find(uintptr_t address) {
    struct search search = {.address = address, .found = {.kind = SHELL_FOREIGN, .where = ""}};
    const struct span *span = span_of((void *)address);
    if (!span) return search.found;
    search.found.kind = SHELL_DAMAGED;
    if (address - (uintptr_t)span->base >= (size_t)span->top_units << UNIT_SHIFT) {
        search.found.kind = SHELL_UNTOUCHED;
        return search.found;
    }
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        search.found.extent = walk;
        if (address - (uintptr_t)shell_extent_memory(&walk) >= (size_t)walk.units << UNIT_SHIFT) continue;
        if (!shell_parts(&walk, compare, &search)) search.found.kind = SHELL_DAMAGED;
        break;
    }
    return search.found;
}

const char *shell_state_name(const struct shell_found *part) {
    if (part->kind == SHELL_UNCARVED) return "not cut";
    if (part->kind == SHELL_OTHER) return "used";
    return part->state == WALK_USED ? "used" : part->state == WALK_HELD ? "kept" : "free";
}
