/* Used and free blocks by size. */
/* SPDX-License-Identifier: MIT */
#include "inspect/tally.h"
#include "heap/cache.h"
#include "heap/guard_slot.h"
#include "heap/heap.h"
#include "heap/redzone_block.h"
#include "inspect/spans.h"

static void tally_add(struct tally_count *count, size_t blocks, size_t bytes) {
    count->blocks += blocks;
    count->bytes += bytes;
}

static uint32_t size_index(size_t size) {
    return size == 0 || size >> 32 ? TALLY_SIZES - 1 : bit_high((uint32_t)size);
}

/* Count a slab. One that is just being made or freed may have any fields. */
static void tally_slab(struct tally *tally, const struct unit *slab) {
    uint32_t class = load_relaxed(slab->class);
    if (class == 0 || class >= CLASS_COUNT) return;
    uint32_t capacity = class_shapes[class].capacity_blocks, used = (uint32_t)min_size(slab_used(slab), capacity);
    tally->classes[class].slabs++;
    tally->classes[class].used_blocks += used;
    tally->classes[class].free_blocks += capacity - used;
}

/* Count a unit of level 2. The block before reaches `left` granules into it; their slots may hold anything. */
static uint32_t add_medium(struct tally *tally, const struct granule *slot, uint32_t left) {
    const struct granule *end = slot + GRANULES_PER_UNIT;
    uint32_t count;
    for (slot += min_size(left, GRANULES_PER_UNIT); slot < end; slot += count) {
        uint32_t head = load_relaxed(slot->head), state = head & GRANULE_STATE_MASK;
        size_t bytes = (size_t)(head & GRANULE_COUNT_MASK) << GRANULE_SHIFT;
        count = (uint32_t)max_size(head & GRANULE_COUNT_MASK, 1);
        if (state == GRANULE_NONE || bytes == 0)
            count = 1;
        else if (state == GRANULE_USED)
            tally_add(&tally->medium, 1, bytes);
        else
            tally_add(&tally->free_medium[size_index(bytes)], 1, bytes);
    }
    return left > GRANULES_PER_UNIT ? left - GRANULES_PER_UNIT : (uint32_t)(slot - end);
}

static void add_other(struct tally *tally, const struct unit *line, uint8_t kind) {
    size_t units = kind == UNIT_POOL ? 1 : load_relaxed(line->count), bytes = units << UNIT_SHIFT;
    if (kind == UNIT_LARGE) tally_add(&tally->large, 1, bytes);
    if (kind == UNIT_POOL) tally_add(&tally->pools, 1, bytes);
    if (kind == UNIT_ARENA) tally_add(&tally->arenas, 1, bytes);
    if (kind == UNIT_FREE) tally_add(&tally->free_large[size_index(units)], 1, bytes);
}

static void tally_span(struct tally *tally, const struct span *span) {
    uint32_t left = 0, top = load_relaxed(span->top_units);
    for (uint32_t i = 0; i < top; i++) {
        const struct unit *line = span->lines + i;
        uint8_t kind = load_relaxed(line->kind);
        if (kind == UNIT_MEDIUM)
            left = add_medium(tally, span->slots + (size_t)i * GRANULES_PER_UNIT, left);
        else
            left = 0;
        if (kind == UNIT_SLAB)
            tally_slab(tally, line);
        else if (kind != UNIT_INSIDE && kind != UNIT_MEDIUM)
            add_other(tally, line, kind);
    }
}

COLD void tally_read(struct tally *tally) {
    struct redzone_walk walk = {0};
    *tally = (struct tally){0};
    struct guard_walk slot = {0};
    while (redzone_walk_next(&walk)) tally_add(&tally->redzones, walk.used, walk.used ? walk.bytes : 0);
    while (guard_walk_next(&slot)) tally_add(&tally->guarded, slot.used, slot.used ? slot.bytes : 0);
    for (uint32_t place = 0; place < inspect_span_places(); place++) {
        const struct span *span = inspect_span(place);
        if (span) tally_span(tally, span);
    }
}

/* List the heaps from the oldest on; the registry's list begins with the newest. */
static size_t list_heaps(struct tally_heap *rows, size_t room) {
    size_t count = 0, place = 0;
    const struct heap *first = load_acquire(heaps.all);
    for (const struct heap *heap = first; heap; heap = heap->next_all) count++;
    for (const struct heap *heap = first; heap && place < count; heap = heap->next_all) {
        size_t index = count - 1 - place++;
        if (index >= room) continue;
        rows[index] = (struct tally_heap){.heap = heap,
                                          .index = index,
                                          .live = load_relaxed(heap->state) == HEAP_LIVE,
                                          .cached_bytes = (size_t)cache_sum(heap) << GRANULE_SHIFT};
    }
    return count;
}

static struct tally_heap *row_of(struct tally_heap *rows, size_t count, const void *heap) {
    for (size_t i = 0; i < count; i++)
        if (rows[i].heap == heap) return &rows[i];
    return NULL;
}

/* Slabs that lie side by side mostly have one owner: the row that fitted last is tried first. */
static void add_owners(struct tally_heap *rows, size_t count, const struct span *span) {
    struct tally_heap *row = rows;
    const struct unit *line = span->lines, *end = line + load_relaxed(span->top_units);
    for (; line < end; line++) {
        uint32_t class = load_relaxed(line->class);
        const void *owner = load_relaxed(line->owner);
        if (load_relaxed(line->kind) != UNIT_SLAB || !owner || class == 0 || class >= CLASS_COUNT) continue;
        if (!row || row->heap != owner) row = row_of(rows, count, owner);
        if (!row) continue;
        size_t capacity = class_shapes[class].capacity_blocks, used = min_size(slab_used(line), capacity);
        row->slabs++;
        row->used_bytes += used * class_shapes[class].block_bytes;
        row->free_bytes += (capacity - used) * class_shapes[class].block_bytes;
    }
}

COLD size_t tally_heaps(struct tally_heap *rows, size_t room) {
    size_t count = list_heaps(rows, room), filled = min_size(count, room);
    for (uint32_t place = 0; filled > 0 && place < inspect_span_places(); place++) {
        const struct span *span = inspect_span(place);
        if (span) add_owners(rows, filled, span);
    }
    return count;
}

COLD void tally_ranges(tally_range *function, void *context) {
    for (uint32_t place = 0; place < inspect_span_places(); place++) {
        const struct span *span = inspect_span(place);
        if (!span || span->tabled_units == 0) continue;
        size_t slots = (span->tabled_units * (size_t)GRANULES_PER_UNIT + 1) * sizeof(struct granule);
        function(span->base, load_acquire(span->bytes), context);
        function((const char *)(span->lines - 1), (span->tabled_units + (size_t)2) * UNIT_LINE_BYTES, context);
        function((const char *)span->slots, slots, context);
    }
}
