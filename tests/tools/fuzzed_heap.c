/* A heap in the scripted world, with blocks of every kind and state, for fuzzers of what reads one. */
/* SPDX-License-Identifier: MIT */
#include "fuzzed_heap.h"
#include "fake/fake.h"
#include "fake/family.h"
#include "heap/fast.h"
#include "inspect/reader.h"
#include "tools/named.h"
#include <heapalloc/heapalloc.h>
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
    add_own(map->named, sizeof(void *));
    add_own(map->redzones, 3 * sizeof(uint64_t));
    add_own(map->classes, (uint64_t)map->class_bytes * map->class_count);
    add_own((const char *)(span_home.lines - 1), (uint64_t)(units + 2) * map->line_bytes);
    add_own(span_home.slots, (uint64_t)units * GRANULES_PER_UNIT * map->slot_bytes);
    add_own(span_home.base, (uint64_t)units << UNIT_SHIFT);
    add_own(&heap_none, map->heap_bytes);
}

/* A pool of each kind, and arenas, with names; the objects of pools are in several slabs. */
static void use_named(void) {
    const struct heapalloc_pool_options pools[] = {
        {.name = "plain", .object_bytes = 100},
        {.name = "shared", .object_bytes = 300, .flags = HEAPALLOC_POOL_SHARED},
        {.name = "a name that is longer than what reports have room for", .object_bytes = 40},
    };
    for (unsigned i = 0; i < 3; i++) {
        struct heapalloc_pool *pool = heapalloc_pool_create_with(&pools[i]);
        for (unsigned n = 0; n < FUZZED_BLOCKS / 4; n++) {
            void *object = heapalloc_pool_get(pool);
            if (n % 5 == 0) heapalloc_pool_put(pool, object);
        }
    }
    struct heapalloc_arena_options arena = {.name = "arena"},
                                   locked = {.name = "arena", .flags = HEAPALLOC_ARENA_LOCKED};
    heapalloc_arena_alloc(heapalloc_arena_create(&arena), 50000);
    heapalloc_arena_alloc(heapalloc_arena_create(&locked), 500);
}

void fuzzed_heap_use(void) {
    static void *blocks[FUZZED_BLOCKS];
    for (unsigned i = 0; i < FUZZED_BLOCKS; i++) blocks[i] = t_malloc(i % 40 == 0 ? i * 37 : i % 600 + 1);
    for (unsigned i = 0; i < FUZZED_BLOCKS; i += 3) t_free(blocks[i]);
    use_named();
}

static void ignore(const char *line, void *argument) {
    (void)line, (void)argument;
}

unsigned fuzzed_names_read(struct target *target) {
    static struct by_name named;
    bool whole = named_read(target, &named);
    named_say(&named, whole, ignore, NULL);
    return named_count(&named);
}
