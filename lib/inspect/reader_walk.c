/* Reads a heap by its map: every extent, and the blocks in it. */
/* SPDX-License-Identifier: MIT */
#include "inspect/reader_parts.h"

/* Count the units of the extent whose head is in reader->line, read twice: a line that is being written counts 1. */
static uint32_t reader_units(struct reader *reader, uint32_t unit) {
    unsigned char again[READER_LINE_MAX];
    uint32_t bytes = reader->map.line_bytes, count = (uint32_t)LINE(reader, count, 4);
    if (!reader_get(reader, reader->lines + (uint64_t)unit * bytes, again, bytes)) return 1;
    bool same = reader_number(again, reader->map.unit_count, 4) == count &&
                reader_number(again, reader->map.unit_kind, 1) == LINE(reader, kind, 1);
    if (same && count > 0 && count <= reader->units - unit) return count;
    reader_fault(reader, "has an extent whose length cannot be right", reader_unit_memory(reader, unit));
    return 1;
}

static uint32_t visit_unit(struct reader *reader, uint32_t unit) {
    enum heapalloc_block_state state = HEAPALLOC_BLOCK_LIVE;
    uint64_t kind = LINE(reader, kind, 1), memory = reader_unit_memory(reader, unit);
    uint32_t units = 1;
    switch (kind) {
    case HEAPALLOC_MAP_SLAB: reader_slab(reader, unit); return 1;
    case HEAPALLOC_MAP_MEDIUM: return reader_medium(reader, unit);
    case HEAPALLOC_MAP_POOL:
        reader_tell(reader, memory, reader->map.unit_bytes, 0, state, HEAPALLOC_BLOCK_POOL);
        return 1;
    case HEAPALLOC_MAP_META:
        if (memory == reader->redzones_from) reader_redzones(reader);
        return reader_units(reader, unit);
    case HEAPALLOC_MAP_FREE: state = HEAPALLOC_BLOCK_FREE; break;
    case HEAPALLOC_MAP_LEAVING: state = HEAPALLOC_BLOCK_KEPT; break;
    case HEAPALLOC_MAP_LARGE:
    case HEAPALLOC_MAP_ARENA: break;
    case HEAPALLOC_MAP_INSIDE:
    case HEAPALLOC_MAP_FREE_LAST: return 1;
    default: reader_fault(reader, "has a line of no kind that there is", memory); return 1;
    }
    units = reader_units(reader, unit);
    reader_tell(reader, memory, (uint64_t)units * reader->map.unit_bytes, 0, state,
                kind == HEAPALLOC_MAP_ARENA ? HEAPALLOC_BLOCK_ARENA : HEAPALLOC_BLOCK_LARGE);
    return units;
}

static bool walk_span(struct reader *reader) {
    for (uint32_t unit = 0; unit < reader->units && !reader->stopped;) {
        const void *line = reader_line(reader, unit);
        if (!line) {
            reader->unreadable++;
            reader_fault(reader, "has a line that cannot be read", reader_unit_memory(reader, unit));
            return !reader->stopped;
        }
        memcpy(reader->line, line, reader->map.line_bytes);
        unit += visit_unit(reader, unit);
    }
    return !reader->stopped;
}

bool reader_walk(struct reader *reader, heapalloc_visit *visit, void *argument) {
    uint32_t spans = 0;
    reader->visit = visit;
    reader->argument = argument;
    reader->stopped = false;
    if (!reader_get(reader, (uintptr_t)reader->map.span_count, &spans, 4)) return false;
    if (spans > reader->map.spans_max) {
        reader_fault(reader, "holds a number of spans that cannot be right", (uintptr_t)reader->map.span_count);
        spans = 0;
    }
    for (uint32_t place = 0; place <= spans; place++)
        if (!reader_span_open(reader, place) || !walk_span(reader)) return false;
    return true;
}
