/* Reads a heap by its map: the map itself, spans, unit lines, heaps. */
/* SPDX-License-Identifier: MIT */
#include "inspect/reader_parts.h"
#include "inspect/reader_map.h"

uint64_t reader_number(const void *record, uint32_t offset, uint32_t bytes) {
    uint64_t value = 0;
    memcpy(&value, (const char *)record + offset, bytes);
    return value;
}

bool reader_get(struct reader *reader, uint64_t address, void *to, size_t bytes) {
    return reader->read(reader->context, address, to, bytes);
}

void reader_fault(struct reader *reader, const char *what, uint64_t address) {
    struct text text = {.length = 0};
    reader->torn++;
    if (reader->fault[0]) return;
    text_add_address(&text, (const void *)(uintptr_t)address);
    text_add(&text, " ");
    text_add(&text, what);
    size_t bytes = text.length < sizeof(reader->fault) - 1 ? text.length : sizeof(reader->fault) - 1;
    memcpy(reader->fault, text.chars, bytes);
    reader->fault[bytes] = 0;
}

const char *reader_open(struct reader *reader, reader_read *read, void *context, uint64_t address) {
    memset(reader, 0, sizeof(*reader)); /* not a compound literal, which may be built on the stack first */
    reader->read = read;
    reader->context = context;
    reader->map_address = address;
    if (!reader_get(reader, address, &reader->map, sizeof(reader->map))) return "the heap map cannot be read";
    const char *wrong = reader_look_at_map(&reader->map);
    if (wrong) return wrong;
    if (!reader_get(reader, (uintptr_t)reader->map.secret, &reader->secret, 8))
        return "the heap's roots cannot be read";
    uint64_t region[3] = {0};
    if (!reader_get(reader, (uintptr_t)reader->map.redzones, region, sizeof(region)))
        return "the heap's roots cannot be read";
    reader->redzones_from = region[0];
    reader->redzones_used = region[2] < region[1] ? region[2] : region[1];
    reader->block_end = reader->map.safety ? (uintptr_t)reader->map.block_end : 0;
    return NULL;
}

static bool load_lines(struct reader *reader, uint32_t unit) {
    uint32_t count = reader->units - unit < READER_LINES ? reader->units - unit : READER_LINES;
    uint64_t bytes = reader->map.line_bytes;
    reader->cached_lines = 0;
    if (!reader_get(reader, reader->lines + unit * bytes, reader->cached, count * bytes)) return false;
    reader->first = unit;
    reader->cached_lines = count;
    return true;
}

const void *reader_line(struct reader *reader, uint32_t unit) {
    if (unit - reader->first >= reader->cached_lines && !load_lines(reader, unit)) return NULL;
    return reader->cached + (size_t)(unit - reader->first) * reader->map.line_bytes;
}

void reader_tell(struct reader *reader, uint64_t address, uint64_t bytes, unsigned size_class,
                 enum heapalloc_block_state state, enum heapalloc_block_kind kind) {
    struct heapalloc_block block = {address, bytes, size_class, state, kind};
    if (reader->visit && !reader->stopped) reader->stopped = !reader->visit(&block, reader->argument);
}

bool reader_span_open(struct reader *reader, uint32_t place) {
    const struct heapalloc_map *map = &reader->map;
    uint64_t address = (uintptr_t)map->span_home;
    reader->units = reader->cached_lines = 0;
    if (place > 0 && !reader_get(reader, (uintptr_t)map->span_list + (place - 1) * 8ull, &address, 8)) return false;
    if (!address) return true;
    if (!reader_get(reader, address, reader->span, map->span_bytes)) return false;
    reader->base = reader_number(reader->span, map->span_base, 8);
    reader->lines = reader_number(reader->span, map->span_lines, 8);
    reader->slots = reader_number(reader->span, map->span_slots, 8);
    if (reader->lines) reader->units = (uint32_t)reader_number(reader->span, map->span_top_units, 4);
    uint64_t most = reader_number(reader->span, map->span_size, 8) / map->unit_bytes;
    if (reader->units > most) {
        reader_fault(reader, "begins a span that claims more than it has", reader->base);
        reader->units = (uint32_t)most;
    }
    return true;
}

bool reader_each_heap(struct reader *reader, reader_heap *visit, void *argument) {
    enum { HEAPS_MAX = 1 << 20 };
    uint64_t heap = 0, next = (uintptr_t)reader->map.heaps;
    if (!reader_get(reader, next, &heap, 8)) return false;
    for (uint32_t met = 0; heap; heap = next, met++) {
        uint32_t state = 0;
        if (met == HEAPS_MAX || !reader_get(reader, heap + reader->map.heap_state, &state, 4) ||
            !reader_get(reader, heap + reader->map.heap_next_all, &next, 8)) {
            reader_fault(reader, "is no heap record, though the list of heaps says so", heap);
            return false;
        }
        visit(heap, state, argument);
    }
    return true;
}

struct heap_counts {
    uint32_t all, live;
};

static void count_heap(uint64_t heap, uint32_t state, void *argument) {
    struct heap_counts *counts = argument;
    (void)heap;
    counts->all++;
    counts->live += state == HEAPALLOC_MAP_HEAP_LIVE;
}

bool reader_heaps(struct reader *reader, uint32_t *all, uint32_t *live) {
    struct heap_counts counts = {0, 0};
    bool sound = reader_each_heap(reader, count_heap, &counts);
    *all = counts.all;
    *live = counts.live;
    return sound;
}

uint32_t reader_class_bytes(struct reader *reader, uint32_t class) {
    const struct heapalloc_map *map = &reader->map;
    uint64_t record = (uintptr_t)map->classes + (uint64_t) class * map->class_bytes;
    uint16_t bytes = 0;
    return class < map->class_count && reader_get(reader, record + map->class_block_bytes, &bytes, 2) ? bytes : 0;
}

bool reader_own(struct reader *reader, uint32_t n, uint64_t *from, uint64_t *to) {
    const struct heapalloc_map *map = &reader->map;
    uint32_t spans = 0, place = n / 2;
    uint64_t span = (uintptr_t)map->span_home;
    *from = *to = 0;
    if (!reader_get(reader, (uintptr_t)map->span_count, &spans, 4) || place > spans || place > map->spans_max)
        return false;
    if (place > 0 && !reader_get(reader, (uintptr_t)map->span_list + 8ull * (place - 1), &span, 8)) return false;
    if (!span || !reader_span_open(reader, place) || !reader->lines) return true;
    uint64_t bytes = reader_number(reader->span, map->span_size, 8);
    *from = n % 2 ? span : reader->lines - map->line_bytes;
    *to = n % 2 ? span + map->span_bytes : reader->base + bytes;
    if (*to < *from) *to = *from;
    return true;
}
