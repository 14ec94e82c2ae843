/* Reads a heap by its map: is the map of this version, and does what it says hold together? */
/* SPDX-License-Identifier: MIT */
#include "inspect/reader_map.h"
#include "base/bits.h"

enum { NAMED_RECORD_MAX = 1 << 16 };

/* True when each of these fields of a record lies in it, with `width` bytes, and the record has at most so many. */
static bool fits(const uint32_t *fields, size_t count, uint32_t record, uint32_t most, uint32_t width) {
    if (record > most) return false;
    for (size_t i = 0; i < count; i++)
        if (fields[i] > record || record - fields[i] < width) return false;
    return true;
}

/* What is read of pools and arenas. */
static bool named_fits(const struct heapalloc_map *map) {
    return fits(&map->named_next, 2, map->named_bytes, NAMED_RECORD_MAX, 8) &&
           fits(&map->named_name, 1, map->named_bytes, NAMED_RECORD_MAX, HEAPALLOC_MAP_NAME_BYTES) &&
           fits(&map->named_kind, 1, map->named_bytes, NAMED_RECORD_MAX, 4) &&
           fits(&map->arena_reserved, 2, map->arena_bytes, NAMED_RECORD_MAX, 8) &&
           fits(&map->arena_memory, 3, map->arena_bytes, NAMED_RECORD_MAX, 16) &&
           fits(&map->collected_used, 2, map->collected_bytes, NAMED_RECORD_MAX, 8) &&
           fits(&map->pool_secret, 4, map->pool_bytes, NAMED_RECORD_MAX, 8) &&
           fits(&map->pool_block_bytes, 3, map->pool_bytes, NAMED_RECORD_MAX, 4) &&
           fits(&map->manager_tail, 1, map->manager_bytes, NAMED_RECORD_MAX, 4) &&
           fits(&map->unit_next, 1, map->line_bytes, READER_LINE_MAX, 8) &&
           fits(&map->unit_start_limit, 1, map->line_bytes, READER_LINE_MAX, 4);
}

const char *reader_look_at_map(const struct heapalloc_map *map) {
    if (__builtin_memcmp(map->magic, HEAPALLOC_MAP_MAGIC, sizeof(HEAPALLOC_MAP_MAGIC)) != 0)
        return "there is no heap map";
    if (map->version != HEAPALLOC_MAP_VERSION) return "the heap map is of another version than this reader";
    bool sound = map->bytes == sizeof(*map) && map->safety <= 2 && is_power_of_two(map->unit_bytes) &&
                 map->unit_bytes >= 4096 && map->unit_bytes <= READER_UNIT_MAX && is_power_of_two(map->granule_bytes) &&
                 map->granule_bytes >= 16 && map->granule_bytes <= map->unit_bytes && map->class_count >= 2 &&
                 map->class_count <= READER_CLASSES_MAX && map->spans_max <= 65536 && map->slot_bytes == 8 &&
                 map->granule_before <= 4 && map->granule_head <= 4 && map->block_next <= 8 && map->block_key <= 8;
    sound = sound && fits(&map->span_base, 4, map->span_bytes, READER_SPAN_MAX, 8);
    sound = sound && fits(&map->span_top_units, 1, map->span_bytes, READER_SPAN_MAX, 4);
    sound = sound && fits(&map->unit_owner, 3, map->line_bytes, READER_LINE_MAX, 8);
    sound = sound && fits(&map->unit_count, 3, map->line_bytes, READER_LINE_MAX, 4);
    sound = sound && fits(&map->unit_used, 4, map->line_bytes, READER_LINE_MAX, 2);
    sound = sound && fits(&map->unit_class, 4, map->line_bytes, READER_LINE_MAX, 1);
    sound = sound && fits(&map->heap_next_all, 1, map->heap_bytes, 1 << 20, 8);
    sound = sound && fits(&map->heap_bin, 1, map->heap_bytes, 1 << 20, 8 * map->class_count);
    sound = sound && fits(&map->size_class_current, 3, map->size_class_bytes, 4096, 8);
    sound = sound && fits(&map->heap_classes, 1, map->heap_bytes, 1 << 20, map->size_class_bytes * map->class_count);
    sound = sound && fits(&map->heap_state, 1, map->heap_bytes, 1 << 20, 4);
    sound = sound && named_fits(map);
    return sound ? NULL : "the heap map is damaged";
}
