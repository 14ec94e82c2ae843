/* Where the heap's resident memory is. */
/* SPDX-License-Identifier: MIT */
#include "inspect/resident.h"
#include "heap/redzone_block.h"
#include "inspect/slab_map.h"
#include "inspect/spans.h"

struct count {
    struct resident *sums;
    resident_function *resident;
};

/* Divide a slab's resident bytes: callers' blocks are live, at most all of it; its end is rounding; the rest kept. */
static void count_slab(struct count *count, const struct unit *slab) {
    struct slab_map map;
    size_t here = count->resident(slab->memory, UNIT_BYTES), live = 0, end;
    if (slab->block_bytes == 0) return;
    if ((!slab->owner || heap_is_readable(slab->owner)) && slab_map_fill(&map, slab)) {
        for (uint32_t i = 0; i < slab->carved_blocks; i++) {
            bool purged = slab_is_purged(slab_purged_pages(slab), (size_t)i * slab->block_bytes);
            live += !purged && !slab_map_has(&map, i);
        }
    }
    count->sums->blocks += live;
    live = min_size(live * slab->block_bytes, here);
    end = min_size(UNIT_BYTES % slab->block_bytes, here - live);
    count->sums->live_bytes += live;
    count->sums->rounding_bytes += end;
    count->sums->kept_bytes += here - live - end;
}

/* Count an extent of level 2. A page that two blocks share counts for the one in which it begins. */
static void count_medium(struct count *count, const struct extent_walk *extent) {
    struct medium_walk block = {0};
    size_t here = count->resident(extent->line->memory, (size_t)extent->units << UNIT_SHIFT), live = 0;
    while (medium_walk_next(extent, &block)) {
        if (block.state != GRANULE_USED) continue;
        size_t bytes = (size_t)block.count << GRANULE_SHIFT;
        live += min_size(bytes, count->resident(span_slot_memory(extent->span, block.slot), bytes));
        count->sums->blocks++;
    }
    live = min_size(live, here);
    count->sums->live_bytes += live;
    count->sums->kept_bytes += here - live;
}

/* Count the region of blocks with red zones: what is not live of it is not used again. */
static void count_redzones(struct count *count, size_t here) {
    struct redzone_walk walk = {0};
    size_t live = 0;
    while (redzone_walk_next(&walk)) {
        live += walk.used ? walk.bytes : 0;
        count->sums->blocks += walk.used;
    }
    live = min_size(live, here);
    count->sums->live_bytes += live;
    count->sums->kept_bytes += here - live;
}

static void count_extent(struct count *count, const struct extent_walk *extent) {
    uint8_t kind = extent->line->kind;
    if (kind == UNIT_SLAB) return count_slab(count, extent->line);
    if (kind == UNIT_MEDIUM) return count_medium(count, extent);
    size_t here = count->resident(extent->line->memory, (size_t)extent->units << UNIT_SHIFT);
    if (kind == UNIT_META && extent->line->memory == redzone_region.from) {
        count_redzones(count, here);
    } else if (kind == UNIT_META) {
        count->sums->metadata_bytes += here;
    } else if (kind == UNIT_LARGE || kind == UNIT_POOL || kind == UNIT_ARENA) {
        count->sums->live_bytes += here;
        count->sums->blocks++;
    } else {
        count->sums->kept_bytes += here;
    }
}

/* Count a span's tables, and what lies above its top. */
static void count_span(struct count *count, const struct span *span) {
    size_t top = (size_t)span->top_units << UNIT_SHIFT, tabled = span->tabled_units;
    if (tabled == 0) return;
    size_t slots = (tabled * GRANULES_PER_UNIT + 1) * sizeof(struct granule);
    count->sums->metadata_bytes += count->resident((const char *)(span->lines - 1), (tabled + 2) * UNIT_LINE_BYTES) +
                                   count->resident((const char *)span->slots, slots);
    count->sums->kept_bytes += count->resident(span->base + top, span->bytes - top);
    count->sums->mapped_bytes += span->bytes + (tabled + 2) * UNIT_LINE_BYTES + slots;
}

COLD bool resident_count(struct resident *sums, resident_function *resident) {
    struct count count = {sums, resident};
    struct extent_walk walk = {0};
    *sums = (struct resident){0};
    for (uint32_t place = 0; place < inspect_span_places(); place++)
        if (inspect_span(place)) count_span(&count, inspect_span(place));
    while (extent_walk_next(&walk)) count_extent(&count, &walk);
    sums->resident_bytes = sums->live_bytes + sums->rounding_bytes + sums->kept_bytes + sums->metadata_bytes;
    return !walk.broken;
}
