/* Reads a heap by its map: the blocks of slabs and of level 2. */
/* SPDX-License-Identifier: MIT */
#include "inspect/reader_parts.h"

enum { REMOTE_OFFSET = 16 - 1, BIN_STEPS_MAX = 2048 };

/* The offset of a block in the slab's copy. False: the address lies in another slab, or is not a block's. */
static bool place_of(const struct reader *reader, uint64_t start, uint64_t address, uint32_t *offset) {
    uint32_t size = (uint32_t)LINE(reader, size, 2), carved = (uint32_t)LINE(reader, carved, 2);
    if (address < start || address - start >= (uint64_t)size * carved) return false;
    *offset = (uint32_t)(address - start);
    return *offset % size == 0;
}

/* Note which of the slab's blocks a list has in its first `most` ones: the fast build does not mark free blocks. */
static void list_blocks(struct reader *reader, uint64_t start, uint64_t block, uint32_t most) {
    uint32_t offset, size = (uint32_t)LINE(reader, size, 2);
    for (uint32_t i = 0; block != reader->block_end && i < most; i++) {
        if (place_of(reader, start, block, &offset)) {
            reader->listed[offset / size / 64] |= UINT64_C(1) << offset / size % 64;
            block = reader_number(reader->memory + offset, reader->map.block_next, 8);
        } else if (!reader_get(reader, block + reader->map.block_next, &block, 8)) {
            return;
        }
    }
}

static void list_slab(struct reader *reader, uint64_t start) {
    const struct heapalloc_map *map = &reader->map;
    uint32_t remote = (uint32_t)LINE(reader, remote, 4), count = remote / map->unit_bytes;
    uint64_t bin = 0, owner = LINE(reader, owner, 8), place = 8 * LINE(reader, class, 1);
    for (uint32_t i = 0; i < map->unit_bytes / 16 / 64; i++) reader->listed[i] = 0;
    list_blocks(reader, start, LINE(reader, free, 8), (uint32_t)LINE(reader, carved, 2));
    list_blocks(reader, start, start + (remote & (map->unit_bytes - 1) & ~(uint32_t)REMOTE_OFFSET), count);
    if (owner && place < 8 * map->class_count && reader_get(reader, owner + map->heap_bin + place, &bin, 8))
        list_blocks(reader, start, bin, BIN_STEPS_MAX);
}

static bool is_free(const struct reader *reader, uint64_t address, uint32_t offset, uint32_t index) {
    const unsigned char *block = reader->memory + offset;
    if (reader->map.safety == 0) return reader->listed[index / 64] >> index % 64 & 1;
    uint64_t next = reader_number(block, reader->map.block_next, 8),
             key = reader_number(block, reader->map.block_key, 8);
    return key == ((reader->map.key_is_sum ? address + next : address ^ next) ^ reader->secret);
}

/* True when the slab is still one after its memory was read; otherwise its blocks are not reported. */
static bool is_same_slab(struct reader *reader, uint32_t unit) {
    unsigned char again[READER_LINE_MAX];
    uint32_t bytes = reader->map.line_bytes;
    return reader_get(reader, reader->lines + (uint64_t)unit * bytes, again, bytes) &&
           reader_number(again, reader->map.unit_kind, 1) == HEAPALLOC_MAP_SLAB &&
           reader_number(again, reader->map.unit_size, 2) == LINE(reader, size, 2);
}

void reader_slab(struct reader *reader, uint32_t unit) {
    uint64_t start = reader_unit_memory(reader, unit);
    uint32_t size = (uint32_t)LINE(reader, size, 2), carved = (uint32_t)LINE(reader, carved, 2);
    uint32_t purged = (uint32_t)LINE(reader, purged, 1);
    unsigned class = (unsigned)LINE(reader, class, 1);
    bool sound = size >= 16 && size % 16 == 0 && (uint64_t)size * carved <= reader->map.unit_bytes && class > 0 &&
                 class < reader->map.class_count;
    bool read = sound && reader_get(reader, start, reader->memory, (size_t)size * carved);
    if (!read) {
        if (is_same_slab(reader, unit))
            reader_fault(reader, sound ? "has a slab that cannot be read" : "has a slab that cannot be right", start);
        reader->unreadable += sound;
        return;
    }
    if (!is_same_slab(reader, unit)) return;
    if (reader->map.safety == 0) list_slab(reader, start);
    reader->owner = LINE(reader, owner, 8);
    for (uint32_t i = 0, offset = 0; i < carved; i++, offset += size) {
        if (offset / HEAPALLOC_MAP_PURGED_BYTES < 4 && purged >> offset / HEAPALLOC_MAP_PURGED_BYTES & 1) continue;
        bool free = is_free(reader, start + offset, offset, i);
        reader_tell(reader, start + offset, size, class, free ? HEAPALLOC_BLOCK_FREE : HEAPALLOC_BLOCK_LIVE,
                    HEAPALLOC_BLOCK_SMALL);
    }
    reader->owner = 0;
}

/* How many units from this one on are of level 2. */
static uint32_t medium_units(struct reader *reader, uint32_t unit) {
    uint32_t count = 0;
    const void *line;
    while (unit + count < reader->units && (line = reader_line(reader, unit + count)) != NULL &&
           reader_number(line, reader->map.unit_kind, 1) == HEAPALLOC_MAP_MEDIUM)
        count++;
    return count > 0 ? count : 1;
}

static void tell_granules(struct reader *reader, uint64_t memory, uint32_t head) {
    uint32_t state = head >> HEAPALLOC_MAP_GRANULE_SHIFT;
    uint64_t bytes = (uint64_t)(head & HEAPALLOC_MAP_GRANULE_COUNT) * reader->map.granule_bytes;
    if (state == 1 && head & HEAPALLOC_MAP_SAMPLED) bytes = reader_within(reader, &memory, bytes);
    static const enum heapalloc_block_state states[] = {
        HEAPALLOC_BLOCK_LIVE, HEAPALLOC_BLOCK_LIVE, HEAPALLOC_BLOCK_FREE, HEAPALLOC_BLOCK_KEPT, HEAPALLOC_BLOCK_KEPT};
    reader_tell(reader, memory, bytes, 0, states[state], HEAPALLOC_BLOCK_MEDIUM);
}

uint32_t reader_medium(struct reader *reader, uint32_t unit) {
    const struct heapalloc_map *map = &reader->map;
    uint32_t units = medium_units(reader, unit), per_unit = map->unit_bytes / map->granule_bytes;
    uint32_t end = units * per_unit, held = 0, step, first = 0;
    uint64_t slots = reader->slots + (uint64_t)unit * per_unit * map->slot_bytes;
    uint32_t chunk = READER_UNIT_MAX / map->slot_bytes;
    for (uint32_t at = 0; at < end && !reader->stopped; at += step) {
        if (at - first >= held) {
            held = end - at < chunk ? end - at : chunk;
            first = at;
            if (!reader_get(reader, slots + (uint64_t)at * map->slot_bytes, reader->memory, held * map->slot_bytes)) {
                reader->unreadable++;
                reader_fault(reader, "has slots that cannot be read", reader_unit_memory(reader, unit));
                return units;
            }
        }
        uint32_t head = (uint32_t)reader_number(reader->memory + (at - first) * map->slot_bytes, map->granule_head, 4);
        uint32_t count = head & HEAPALLOC_MAP_GRANULE_COUNT, state = head >> HEAPALLOC_MAP_GRANULE_SHIFT;
        uint64_t memory = reader_unit_memory(reader, unit) + (uint64_t)at * map->granule_bytes;
        bool sound = state >= 1 && state <= 4 && count > 0 && count <= end - at;
        step = sound ? count : 1;
        if (sound)
            tell_granules(reader, memory, head);
        else
            reader_fault(reader, "has a slot where a medium block should begin, and none does", memory);
    }
    return units;
}
