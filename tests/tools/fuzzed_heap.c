/* A heap in the scripted world, with blocks of every kind and state, for fuzzers of what reads one. */
/* SPDX-License-Identifier: MIT */
#include "fuzzed_heap.h"
#include "fake/fake.h"
#include "fake/family.h"
#include "heap/fast.h"
#include "inspect/reader.h"
#include <stdlib.h>

struct part parts[PARTS_MAX];
unsigned part_count;

void part_add(const void *memory, uint64_t address, uint64_t bytes) {
    if (part_count == PARTS_MAX || bytes == 0) abort();
    parts[part_count++] = (struct part){memory, address, bytes, 0};
}

static void add_own(const void *memory, uint64_t bytes) {
    part_add(memory, (uintptr_t)memory, bytes);
}

void fuzzed_heap_add(void) {
    const struct heapalloc_map *map = &heapalloc_map;
    uint32_t units = span_home.top_units;
    add_own(map, sizeof(*map));
    add_own(map->span_home, map->span_bytes);
    add_own(map->span_list, map->spans_max * sizeof(void *));
    add_own(map->span_count, sizeof(uint32_t));
    add_own(map->heaps, sizeof(void *));
    add_own(map->secret, sizeof(uintptr_t));
    add_own(map->redzones, 3 * sizeof(uint64_t));
    add_own(map->classes, (uint64_t)map->class_bytes * map->class_count);
    add_own((const char *)(span_home.lines - 1), (uint64_t)(units + 2) * map->line_bytes);
    add_own(span_home.slots, (uint64_t)units * GRANULES_PER_UNIT * map->slot_bytes);
    add_own(span_home.base, (uint64_t)units << UNIT_SHIFT);
    add_own(&heap_none, map->heap_bytes);
}

void fuzzed_heap_use(void) {
    static void *blocks[FUZZED_BLOCKS];
    for (unsigned i = 0; i < FUZZED_BLOCKS; i++) blocks[i] = t_malloc(i % 40 == 0 ? i * 37 : i % 600 + 1);
    for (unsigned i = 0; i < FUZZED_BLOCKS; i += 3) t_free(blocks[i]);
}
