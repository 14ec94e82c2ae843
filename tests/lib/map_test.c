/* The heap map, and the reader that walks by it, over the scripted world. */
/* SPDX-License-Identifier: MIT */
#include "extras/pool.h"
#include "heap/fast.h"
#include "heap/redzone.h"
#include "inspect/reader.h"
#include "inspect/walk.h"
#include "test.h"
#include <heapalloc/heapalloc.h>
#include <stdlib.h>

enum { BLOCKS = 400, SIZE = 16 };

static struct reader reader;
static char *blocks[BLOCKS];

/* Reads memory of the scripted world by copying, as no memory is given back meanwhile. `refuse` counts down to a read
 * that fails. */
static int refuse;
static bool read_here(void *context, uint64_t address, void *to, size_t bytes) {
    (void)context;
    if (address < 4096 || address >> 47 || (refuse > 0 && --refuse == 0)) return false;
    memcpy(to, (const void *)(uintptr_t)address, bytes);
    return true;
}

static size_t size_of(int i) {
    return i % 10 == 0 ? (size_t)i * 3000 + 1 : (size_t)i * 13 % 3500 + 1;
}

static void populate(void) {
    for (int i = 0; i < BLOCKS; i++) blocks[i] = t_malloc(size_of(i));
    for (int i = 0; i < BLOCKS; i += 3) t_free(blocks[i]), blocks[i] = NULL;
}

struct sums {
    size_t live, live_bytes, others;
    int stop_after;
};

static bool add_block(const struct heapalloc_block *block, void *argument) {
    struct sums *sums = argument;
    CHECK(block->bytes > 0 && block->address % SIZE == 0);
    if (block->state == HEAPALLOC_BLOCK_LIVE)
        sums->live++, sums->live_bytes += block->bytes;
    else
        sums->others++;
    return sums->stop_after == 0 || --sums->stop_after > 0;
}

static void add_walked(const struct walk_block *block, void *context) {
    struct sums *sums = context;
    if (block->state == WALK_USED)
        sums->live++, sums->live_bytes += block->bytes;
    else
        sums->others++;
}

static const char *open_here(void) {
    return reader_open(&reader, read_here, NULL, (uintptr_t)&heapalloc_map);
}

TEST(the_layout_is_the_compilers) {
    struct unit line = {.count = 7, .carved_blocks = 9, .block_bytes = 48, .class = 3, .kind = UNIT_SLAB};
    const struct heapalloc_map *map = &heapalloc_map;
    CHECK_EQ(*(uint32_t *)((char *)&line + map->unit_count), 7);
    CHECK_EQ(*(uint16_t *)((char *)&line + map->unit_carved), 9);
    CHECK_EQ(*(uint16_t *)((char *)&line + map->unit_size), 48);
    CHECK_EQ(((uint8_t *)&line)[map->unit_class], 3);
    CHECK_EQ(((uint8_t *)&line)[map->unit_kind], HEAPALLOC_MAP_SLAB);
    CHECK_EQ(map->line_bytes, sizeof(line));
    CHECK_EQ(map->span_bytes, sizeof(struct span));
    CHECK_EQ(map->heap_bytes, sizeof(struct heap));
    CHECK_EQ(map->bytes, sizeof(*map));
    for (unsigned class = 1; class < CLASS_COUNT; ++class) {
        const char *shape = (const char *)map->classes + (size_t) class * map->class_bytes;
        CHECK_EQ(*(const uint16_t *)(shape + map->class_block_bytes), class_shapes[class].block_bytes);
    }
}

TEST(the_reader_sees_what_the_walk_in_the_heap_sees) {
    struct sums read = {0}, walked = {0};
    populate();
    CHECK(open_here() == NULL);
    CHECK(reader_walk(&reader, add_block, &read));
    CHECK_EQ(reader.torn, 0);
    CHECK(walk_heap(add_walked, &walked));
    CHECK_EQ(read.live, walked.live);
    CHECK_EQ(read.live_bytes, walked.live_bytes);
    CHECK_EQ(read.others, walked.others);
    reader_check_lists(&reader);
    CHECK_EQ(reader.torn, 0);
    uint32_t all, live;
    CHECK(reader_heaps(&reader, &all, &live) && all >= 1 && live == 1);
    for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]);
}

/* The first blocks of each size, of which each third is freed: the reader and the walk tell of the same callers' bytes.
 */
struct zoned {
    size_t live, freed, bytes;
};

static bool add_zoned(const struct heapalloc_block *block, void *argument) {
    struct zoned *zoned = argument;
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i] != (char *)(uintptr_t)block->address) continue;
        CHECK_EQ(block->bytes, t_malloc_usable_size(blocks[i]));
        zoned->live += block->state == HEAPALLOC_BLOCK_LIVE;
        zoned->bytes += block->bytes;
    }
    zoned->freed += block->state == HEAPALLOC_BLOCK_FREE && block->bytes <= REDZONE_CELL_MAX + 8;
    return true;
}

static void add_walked_zoned(const struct walk_block *block, void *context) {
    enum heapalloc_block_state state = block->state == WALK_USED ? HEAPALLOC_BLOCK_LIVE : HEAPALLOC_BLOCK_FREE;
    struct heapalloc_block same = {(uintptr_t)block->memory, block->bytes, 0, state, HEAPALLOC_BLOCK_MEDIUM};
    add_zoned(&same, context);
}

TEST(blocks_with_red_zones_are_seen_where_the_caller_has_them) {
    static const size_t sizes[] = {1, 24, 64, 100, 512, 1000, 1024, 2048, 4096, 5000, 16384, 65536};
    enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), EACH = 4 };
    struct zoned read = {0}, walked = {0};
    size_t live = 0, freed = 0, usable = 0;
    if (!config_redzones || hardened()) return;
    redzone_set_firsts(EACH);
    for (int i = 0; i < SIZES * EACH; i++) blocks[i] = t_malloc(sizes[i / EACH]);
    for (int i = 0; i < SIZES * EACH; i++) {
        bool frees = i % 3 == 0;
        freed += frees && sizes[i / EACH] <= REDZONE_CELL_MAX;
        live += !frees;
        if (frees)
            t_free(blocks[i]), blocks[i] = NULL;
        else
            usable += t_malloc_usable_size(blocks[i]);
    }
    CHECK(open_here() == NULL);
    CHECK(reader_walk(&reader, add_zoned, &read));
    CHECK_EQ(reader.torn, 0);
    CHECK(walk_heap(add_walked_zoned, &walked));
    CHECK_EQ(read.live, live);
    CHECK_EQ(walked.live, live);
    CHECK_EQ(read.bytes, usable);
    CHECK_EQ(walked.bytes, usable);
    CHECK(read.freed >= freed && walked.freed == read.freed);
    for (int i = 0; i < SIZES * EACH; i++) t_free(blocks[i]);
}

TEST(the_visitor_ends_the_walk) {
    struct sums sums = {.stop_after = 5};
    populate();
    CHECK(open_here() == NULL);
    CHECK(!reader_walk(&reader, add_block, &sums));
    CHECK_EQ(sums.live + sums.others, 5);
    for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]);
}

TEST(a_read_that_fails_is_reported_and_survived) {
    populate();
    for (int n = 1; n < 200; n++) {
        struct sums sums = {0};
        refuse = n;
        if (open_here() != NULL) continue;
        bool whole = reader_walk(&reader, add_block, &sums);
        if (refuse == 0) CHECK(!whole || reader.torn > 0 || sums.live > 0);
        refuse = 0;
    }
    for (int i = 0; i < BLOCKS; i++) t_free(blocks[i]);
}

TEST(a_damaged_map_is_refused) {
    static struct heapalloc_map map;
    CHECK(reader_open(&reader, read_here, NULL, 16) != NULL);
    map = heapalloc_map, map.magic[3] ^= 1;
    CHECK(reader_open(&reader, read_here, NULL, (uintptr_t)&map) != NULL);
    map = heapalloc_map, map.version++;
    CHECK(reader_open(&reader, read_here, NULL, (uintptr_t)&map) != NULL);
    /* Any wrong number in the layout is refused or harmless. */
    for (size_t at = offsetof(struct heapalloc_map, unit_bytes); at < sizeof(map); at += 4) {
        struct sums sums = {0};
        map = heapalloc_map;
        *(uint32_t *)((char *)&map + at) = UINT32_MAX - 7;
        CHECK(reader_open(&reader, read_here, NULL, (uintptr_t)&map) != NULL ||
              at >= offsetof(struct heapalloc_map, class_bytes));
        (void)sums;
    }
}

TEST(a_write_after_free_is_found) {
    char *one = t_malloc(100), *other = t_malloc(100);
    t_free(one);
    t_free(other);
    test_leaves_a_broken_heap();
    memset(one, 'x', SIZE);
    CHECK(open_here() == NULL);
    reader_check_lists(&reader);
    CHECK(reader.torn > 0 && reader.fault[0]);
}

/* Lines and slots with garbage in them: counted, bounded, never followed beyond readable memory. */
TEST(garbage_in_lines_is_survived) {
    populate();
    test_leaves_a_broken_heap();
    srand(7);
    for (unsigned round = test_rounds(300); round > 0; round--) {
        struct sums sums = {0};
        struct unit *line = span_home.lines + rand() % (int)span_home.top_units, kept = *line;
        for (int i = 0; i < 4; i++) ((uint8_t *)line)[16 + rand() % 48] = (uint8_t)rand();
        CHECK(open_here() == NULL);
        reader.read = read_here;
        reader_walk(&reader, add_block, &sums);
        *line = kept;
    }
}

/* Names are read by the map as the library sums them up, whatever read fails in between. */
TEST(what_has_a_name_is_summed_up_as_in_the_heap) {
    static struct by_name read, own;
    struct heapalloc_pool *pool =
        heapalloc_pool_create_with(&(struct heapalloc_pool_options){.name = "pool", .object_bytes = 100});
    struct heapalloc_arena *arena = heapalloc_arena_create(&(struct heapalloc_arena_options){.name = "arena"});
    void *objects[300];
    CHECK(pool && arena && heapalloc_arena_alloc(arena, 5000));
    for (int i = 0; i < 300; i++) objects[i] = heapalloc_pool_get(pool);
    for (int i = 0; i < 300; i += 3) heapalloc_pool_put(pool, objects[i]);
    CHECK(open_here() == NULL);
    CHECK(reader_by_name(&reader, &read) && by_name_read(&own));
    CHECK_EQ(read.row_count, 2);
    CHECK_EQ(own.row_count, 2);
    for (size_t i = 0; i < 2; i++) {
        CHECK(strcmp(read.rows[i].name, own.rows[i].name) == 0 && read.rows[i].kind == own.rows[i].kind);
        if (config_safety || own.rows[i].kind != NAMED_POOL) CHECK_EQ(read.rows[i].used_bytes, own.rows[i].used_bytes);
        CHECK_EQ(read.rows[i].reserved_bytes, own.rows[i].reserved_bytes);
        CHECK_EQ(read.rows[i].count, own.rows[i].count);
    }
    for (int n = 1; n < 20; n++) {
        CHECK(open_here() == NULL);
        refuse = n;
        /* A slab that cannot be read counts as in use; any other refused read is told. */
        bool whole = reader_by_name(&reader, &read);
        CHECK(!whole || n > 5);
        refuse = 0;
    }
    /* A list that leads back into itself ends: a pool's slabs, then the names. */
    struct unit *slab = pool->slabs;
    uint32_t slab_count = pool->slab_count;
    while (slab->next) slab = slab->next;
    slab->next = pool->slabs;
    pool->slab_count = UINT32_MAX;
    CHECK(open_here() == NULL && !reader_by_name(&reader, &read) && reader.torn > 0);
    slab->next = NULL;
    pool->slab_count = slab_count;
    struct named *last = named_first;
    while (last->next) last = last->next;
    last->next = named_first;
    CHECK(open_here() == NULL && !reader_by_name(&reader, &read) && reader.torn > 0);
    last->next = NULL;
    heapalloc_pool_destroy(pool);
    heapalloc_arena_destroy(arena);
}
