/* What a report's page has of a heap that is read from outside. */
/* SPDX-License-Identifier: MIT */
#include "report_heap.h"
#include "json_text.h"
#include "named.h"
#include <inttypes.h>
#include <string.h>

static const uint64_t gap_max = (uint64_t)64 << 20; /* a larger gap begins a new region */

/* ---- regions ---- */

static void extend(struct region *region, uint64_t from, uint64_t to) {
    if (from < region->from) region->from = from;
    if (to > region->to) region->to = to;
}

/* The walk is in the order of addresses within a span, so a block is most often in the last region. */
static bool note_region(const struct heapalloc_block *block, void *argument) {
    struct report_heap *heap = argument;
    uint64_t to;
    if (__builtin_add_overflow(block->address, block->bytes, &to)) return true;
    for (size_t i = heap->region_count; i-- > 0;) {
        struct region *region = &heap->regions[i];
        bool near = block->address <= region->to + gap_max && to + gap_max >= region->from;
        if (near || (i == 0 && heap->region_count == REGIONS_MAX)) return extend(region, block->address, to), true;
    }
    heap->regions[heap->region_count++] = (struct region){.from = block->address, .to = to};
    return true;
}

static size_t cells_of(const struct region *region, uint64_t cell_bytes) {
    return (size_t)((region->to - region->from) / cell_bytes + 1);
}

/* The smallest cells that are not too many. */
static void make_cells(struct report_heap *heap) {
    size_t count;
    for (heap->cell_bytes = heap->unit_bytes;; heap->cell_bytes *= 2) {
        count = 0;
        for (size_t i = 0; i < heap->region_count; i++) {
            heap->regions[i].from &= ~(heap->cell_bytes - 1);
            count += cells_of(&heap->regions[i], heap->cell_bytes);
        }
        if (count <= CELLS_MAX || heap->cell_bytes >> 62) break;
    }
    heap->cell_count = 0;
    for (size_t i = 0; i < heap->region_count; i++) {
        struct region *region = &heap->regions[i];
        region->cell = heap->cell_count;
        region->cell_count = cells_of(region, heap->cell_bytes);
        heap->cell_count += region->cell_count;
    }
}

/* ---- blocks ---- */

/* Add a block to the cells that it lies in; what is outside of them came after the first walk. */
static void add_to_cells(struct report_heap *heap, const struct heapalloc_block *block) {
    const struct region *region = heap->regions, *end = region + heap->region_count;
    while (region < end && (block->address < region->from || block->address > region->to)) region++;
    if (region == end) return;
    uint64_t at = block->address - region->from, left = block->bytes;
    for (size_t i = (size_t)(at / heap->cell_bytes); left > 0 && i < region->cell_count; i++) {
        struct map_cell *cell = &heap->cells[region->cell + i];
        uint64_t room = (i + 1) * heap->cell_bytes - at, part = left < room ? left : room;
        cell->bytes[block->state] += part;
        if (part > cell->largest) cell->kind = block->kind, cell->largest = part;
        at += part;
        left -= part;
    }
}

static void end_slab(struct report_heap *heap) {
    if (heap->unit_live > 0) {
        struct class_row *row = &heap->classes[heap->unit_class];
        row->slabs++;
        row->live_blocks += heap->unit_live;
        row->held_blocks += heap->unit_free;
        row->half_full += heap->unit_live <= heap->unit_free;
        pins_note_slab(&heap->pins, heap->unit * heap->unit_bytes, (heap->unit + 1) * heap->unit_bytes,
                       (double)(heap->unit_free * row->block_bytes) / (double)heap->unit_live);
    }
    heap->unit_live = heap->unit_free = 0;
}

static void add_to_slab(struct report_heap *heap, const struct heapalloc_block *block) {
    uint64_t unit = block->address / heap->unit_bytes;
    bool small = block->kind == HEAPALLOC_BLOCK_SMALL;
    if (!small || unit != heap->unit || block->size_class != heap->unit_class) end_slab(heap);
    if (!small || block->size_class >= READER_CLASSES_MAX) return;
    heap->unit = unit;
    heap->unit_class = block->size_class;
    heap->classes[block->size_class].block_bytes = block->bytes;
    *(block->state == HEAPALLOC_BLOCK_LIVE ? &heap->unit_live : &heap->unit_free) += 1;
}

static bool note_block(const struct heapalloc_block *block, void *argument) {
    struct report_heap *heap = argument;
    heap->blocks[block->state]++;
    heap->bytes[block->state] += block->bytes;
    if (block->state == HEAPALLOC_BLOCK_LIVE && block->bytes > 0) {
        unsigned power = 63 - (unsigned)__builtin_clzll(block->bytes);
        heap->size_blocks[power]++;
        heap->size_bytes[power] += block->bytes;
    }
    add_to_cells(heap, block);
    add_to_slab(heap, block);
    return true;
}

bool report_heap_take(struct report_heap *heap, struct target *target) {
    memset(heap, 0, sizeof(*heap));
    heap->name = target->name;
    heap->unit_bytes = target->reader.map.unit_bytes;
    if (!reader_walk(&target->reader, note_region, heap)) return false;
    target->reader.torn = target->reader.unreadable = 0;
    make_cells(heap);
    pins_read(&heap->pins, target);
    bool good = reader_walk(&target->reader, note_block, heap);
    end_slab(heap);
    if (good) named_read(target, &heap->named);
    return good;
}

/* ---- JSON ---- */

static void put_state(FILE *out, const char *name, const struct report_heap *heap, enum heapalloc_block_state state) {
    fprintf(out, ",\"%s\":[%" PRIu64 ",%" PRIu64 "]", name, heap->blocks[state], heap->bytes[state]);
}

static void put_region(FILE *out, const struct report_heap *heap, const struct region *region) {
    fprintf(out, "{\"base\":\"0x%" PRIx64 "\",\"cell_bytes\":%" PRIu64 ",\"cells\":[", region->from, heap->cell_bytes);
    for (size_t i = 0; i < region->cell_count; i++) {
        const struct map_cell *cell = &heap->cells[region->cell + i];
        fprintf(out, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%u]", i ? "," : "", cell->bytes[HEAPALLOC_BLOCK_LIVE],
                cell->bytes[HEAPALLOC_BLOCK_KEPT], cell->bytes[HEAPALLOC_BLOCK_FREE], cell->kind);
    }
    fputs("]}", out);
}

static void put_class_rows(FILE *out, const struct report_heap *heap) {
    const char *comma = "";
    fputs("],\n\"classes\":[", out);
    for (unsigned i = 0; i < READER_CLASSES_MAX; i++) {
        const struct class_row *row = &heap->classes[i];
        if (row->slabs == 0) continue;
        fprintf(out, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", comma,
                row->block_bytes, row->slabs, row->live_blocks, row->live_blocks * row->block_bytes,
                row->held_blocks * row->block_bytes, row->half_full);
        comma = ",\n";
    }
}

void report_heap_put(FILE *out, const struct report_heap *heap) {
    const char *comma = "";
    fputs(",\n\"heap\":{\"name\":", out);
    put_json_string(out, heap->name);
    put_state(out, "live", heap, HEAPALLOC_BLOCK_LIVE);
    put_state(out, "kept", heap, HEAPALLOC_BLOCK_KEPT);
    put_state(out, "free", heap, HEAPALLOC_BLOCK_FREE);
    fputs(",\n\"regions\":[", out);
    for (size_t i = 0; i < heap->region_count; i++) {
        if (i) fputs(",\n", out);
        put_region(out, heap, &heap->regions[i]);
    }
    fputs("],\n\"sizes\":[", out);
    for (unsigned i = 0; i < SIZE_POWERS; i++) {
        if (heap->size_blocks[i] == 0) continue;
        fprintf(out, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", comma, UINT64_C(1) << i, heap->size_blocks[i],
                heap->size_bytes[i]);
        comma = ",";
    }
    put_class_rows(out, heap);
    fputs("],\n", out);
    named_put(out, &heap->named);
    fputs("}", out);
}
