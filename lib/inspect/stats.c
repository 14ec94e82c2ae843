/* Sums over the heap. */
/* SPDX-License-Identifier: MIT */
#include "inspect/stats.h"
#include "heap/cache.h"
#include "heap/guard_slot.h"
#include "heap/heap.h"
#include "heap/redzone_block.h"
#include "inspect/spans.h"
#include "span/region.h"
#include "span/units.h"

static size_t bytes_of_tables(const struct span *span) {
    if (span->tabled_units == 0) return 0;
    size_t lines = (size_t)span->tabled_units + 2, slots = (size_t)span->tabled_units * GRANULES_PER_UNIT + 1;
    size_t apart = (size_t)((char *)span->slots - (char *)(span->lines - 1));
    if (apart == lines * UNIT_LINE_BYTES) /* of a region: one directly behind the other, not by steps */
        return region_table_bytes(span->tabled_units);
    return round_up(lines * UNIT_LINE_BYTES, SPAN_STEP_BYTES) +
           round_up(slots * sizeof(struct granule), SPAN_STEP_BYTES);
}

/* Memory behind a span that was never handed out. */
static size_t bytes_above_top(const struct span *span) {
    return span->bytes - ((size_t)span->top_units << UNIT_SHIFT);
}

/* True when the tables are in units of the span itself, which are not handed out: in a region of the world's. */
static bool has_own_tables(const struct span *span) {
    size_t offset = (size_t)((char *)span->lines - span->base);
    return offset < span->bytes;
}

/* Under the units lock. */
static void add_spans(struct heapalloc_stats *stats) {
    for (uint32_t place = 0; place < inspect_span_places(); place++) {
        const struct span *span = inspect_span(place);
        if (!span) continue;
        size_t tables = bytes_of_tables(span);
        stats->mapped_bytes += span->bytes + tables;
        stats->table_bytes += tables;
        if (has_own_tables(span)) { /* counted with the units already, as used */
            stats->mapped_bytes -= tables;
            stats->used_bytes -= tables;
        }
        stats->free_clean_bytes += bytes_above_top(span);
    }
}

COLD bool stats_read(struct heapalloc_stats *stats) {
    struct heapalloc_stats sums = {0};
    for (struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) sums.heap_count++;
    if (!units_lock()) return false;
    add_spans(&sums);
    sums.used_bytes += (size_t)(units.used_units + load_relaxed(units.emergency_units)) << UNIT_SHIFT;
    sums.free_dirty_bytes = (size_t)units.dirty_units << UNIT_SHIFT;
    sums.free_clean_bytes += (size_t)units.clean_units << UNIT_SHIFT;
    sums.mapped_bytes -= (size_t)units.unmapped_units << UNIT_SHIFT;
    units_unlock();
    *stats = sums;
    return true;
}

/* Count level 2 by its own sums, and those of the caches. */
static void stats_count_medium(struct stats_blocks *blocks) {
    size_t all = (size_t)load_relaxed(medium.used_units) * GRANULES_PER_UNIT, free = load_relaxed(medium.free_granules);
    blocks->medium_free_blocks = load_relaxed(medium.free_blocks);
    for (struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) {
        free += cache_sum(heap);
        blocks->medium_free_blocks += cache_count(heap);
    }
    free = min_size(free, all);
    blocks->live_bytes += (all - free) << GRANULE_SHIFT;
    blocks->free_bytes += free << GRANULE_SHIFT;
}

static void count_other(struct stats_blocks *blocks, const struct unit *line, uint8_t kind) {
    if (kind == UNIT_POOL) blocks->live_bytes += UNIT_BYTES;
    if (kind == UNIT_ARENA || kind == UNIT_LARGE) blocks->live_bytes += (size_t)load_relaxed(line->count) << UNIT_SHIFT;
    if (kind == UNIT_FREE) blocks->free_extents++;
}

/* Add a slab. One that is just being made or freed may have any fields. */
INLINE void add_slab(struct stats_blocks *sums, const struct unit *slab) {
    size_t class = load_relaxed(slab->class);
    if (unlikely(class == 0 || class >= CLASS_COUNT)) return;
    size_t capacity = class_shapes[class].capacity_blocks, used = min_size(slab_used(slab), capacity);
    size_t bytes = class_shapes[class].block_bytes;
    sums->slabs++;
    sums->live_bytes += used * bytes;
    sums->small_free_blocks += capacity - used;
    sums->small_free_bytes += (capacity - used) * bytes;
}

/* Read unit by unit, because extents change during the walk; each line counts as it is just then. Most are slabs: their
 * sums stay in registers. */
static void stats_count_span(struct stats_blocks *blocks, const struct span *span) {
    struct stats_blocks sums = {0};
    const struct unit *line = span->lines, *end = line + load_relaxed(span->top_units);
    for (; line < end; line++) {
        uint8_t kind = load_relaxed(line->kind);
        if (likely(kind == UNIT_SLAB))
            add_slab(&sums, line);
        else if (kind != UNIT_INSIDE && kind != UNIT_MEDIUM)
            count_other(blocks, line, kind);
    }
    blocks->slabs += sums.slabs;
    blocks->live_bytes += sums.live_bytes;
    blocks->free_bytes += (sums.slabs << UNIT_SHIFT) - sums.live_bytes;
    blocks->small_free_blocks += sums.small_free_blocks;
    blocks->small_free_bytes += sums.small_free_bytes;
}

/* Count the region of blocks with red zones, whose unit is the allocator's own, and what is in guard slots. */
static void stats_count_redzones(struct stats_blocks *blocks) {
    struct redzone_walk walk = {0};
    struct guard_walk slot = {0};
    while (redzone_walk_next(&walk)) *(walk.used ? &blocks->live_bytes : &blocks->free_bytes) += walk.bytes;
    while (guard_walk_next(&slot)) blocks->live_bytes += slot.used ? slot.bytes : 0;
}

COLD void stats_count_blocks(struct stats_blocks *blocks) {
    *blocks = (struct stats_blocks){0};
    stats_count_medium(blocks);
    stats_count_redzones(blocks);
    for (uint32_t place = 0; place < inspect_span_places(); place++) {
        const struct span *span = inspect_span(place);
        if (span) stats_count_span(blocks, span);
    }
}
