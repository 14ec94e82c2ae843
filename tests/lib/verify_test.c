/* The verifier finds each kind of damage, and names it. */
/* SPDX-License-Identifier: MIT */
#include "breaks.h"
#include "extras/collected.h"
#include "extras/pool.h"
#include "heap/abandoned.h"
#include "heap/fast.h"
#include "heap/named.h"
#include "heap/redzone.h"
#include "inspect/verify.h"
#include "inspect/verify_parts.h"
#include "span/units.h"
#include "test.h"
#include <pthread.h>

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

/* A heap with every kind of block and list. */
static char *small[200], *medium_blocks[20], *large[6];

static void *leave_abandoned(void *unused) {
    char *held[30];
    for (int i = 0; i < 30; i++) held[i] = t_malloc(1000);
    for (int i = 0; i < 10; i++) t_free(held[i]);
    return unused;
}

static void populate(void) {
    for (int i = 0; i < 200; i++) small[i] = t_malloc(200);
    for (int i = 0; i < 20; i++) medium_blocks[i] = t_malloc((size_t)(10 + i) * KIB);
    for (int i = 0; i < 6; i++) large[i] = t_malloc((size_t)(i + 1) * MIB);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 70; i++) t_free(small[i]), small[i] = NULL;
        for (int i = 0; i < 20; i += 3) t_free(medium_blocks[i]), medium_blocks[i] = t_malloc((size_t)(10 + i) * KIB);
        for (int i = 0; i < 20; i += 3) t_free(medium_blocks[i]), medium_blocks[i] = NULL;
    }
    for (int i = 0; i < 6; i += 2) t_free(large[i]), large[i] = NULL;
    char *wide[4];
    for (int i = 0; i < 4; i++) wide[i] = t_malloc((size_t)(100 + i) * KIB);
    t_free(wide[0]); /* the first goes to level 2 when the second becomes the recent one */
    t_free(wide[2]);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, leave_abandoned, NULL), 0);
    pthread_join(thread, NULL);
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
    test_leaves_a_broken_heap();
}

static struct unit *find_unit(uint8_t kind, uint32_t least) {
    for (uint32_t i = 0; i < span_home.top_units; i++) {
        struct unit *unit = &span_home.lines[i];
        if (unit->kind == kind && (kind == UNIT_SLAB || unit->count >= least)) return unit;
    }
    CHECK(false);
    return NULL;
}

static struct granule *find_granule(uint32_t state) {
    for (uint32_t i = 0; i < span_home.top_units; i++) {
        if (span_home.lines[i].kind != UNIT_MEDIUM) continue;
        for (uint32_t n = 0; n < GRANULES_PER_UNIT; n++) {
            struct granule *slot = &span_home.slots[i * GRANULES_PER_UNIT + n];
            if (granule_state(slot) == state && granule_count(slot) >= 8 && granule_count(slot) < 2000) return slot;
            if (granule_state(slot) != GRANULE_NONE && granule_count(slot) > 1) {
                uint32_t at = i * GRANULES_PER_UNIT + n + granule_count(slot) - 1;
                i = at / GRANULES_PER_UNIT;
                n = at % GRANULES_PER_UNIT;
            }
        }
    }
    CHECK(false);
    return NULL;
}

TEST(sound_heap_has_no_broken_part) {
    CHECK(!verify_heap()); /* not even begun */
    populate();
}

TEST(extents_are_found_broken) {
    populate();
    struct unit *unit = find_unit(UNIT_LARGE, 3);
    BREAKS(extents, unit->count, unit->count - 1);
    BREAKS(extents, unit->count, unit->count + 1);
    BREAKS(extents, unit->count, 0);
    BREAKS(extents, unit->count, UINT32_MAX);
    BREAKS(extents, unit->memory, unit->memory + 16);
    BREAKS(extents, unit->kind, UNIT_INSIDE);
    BREAKS(extents, unit->kind, UNIT_LEAVING);
    BREAKS(extents, unit[1].kind, UNIT_FREE);
    BREAKS(extents, unit[1].owner, heap_self);
    BREAKS(extents, unit->owner, heap_self);
    BREAKS(extents, unit[2].block_bytes, 16);
    BREAKS(extents, span_home.lines[-1].kind, UNIT_INSIDE);
    BREAKS(extents, heap_self->recent_large->kind, UNIT_LARGE);
    unit = find_unit(UNIT_FREE, 3);
    BREAKS(extents, unit[unit->count - 1].kind, UNIT_INSIDE);
}

TEST(free_extents_are_found_broken) {
    populate();
    struct unit *unit = find_unit(UNIT_FREE, 3);
    BREAKS(free_extents, unit[unit->count - 1].count, unit->count + 1);
    BREAKS(free_extents, unit->flags, unit->flags ^ UNIT_CLEAN);
    BREAKS(free_extents, unit->flags, unit->flags | UNIT_EMPTY);
    struct tlsf *index = unit->flags & UNIT_CLEAN ? &units.clean : &units.dirty;
    struct tlsf_place at = tlsf_place(unit->count);
    BREAKS(free_extents, index->head[at.row][at.column], NULL);
}

TEST(indexes_are_found_broken) {
    populate();
    struct tlsf *indexes[] = {&units.dirty, &units.clean, &medium.dirty, &medium.purged};
    for (int i = 0; i < 4; i++) {
        struct tlsf *index = indexes[i];
        BREAKS(tlsf_maps, index->row_map, index->row_map ^ 1u << 15);
        BREAKS(tlsf_maps, index->row_map, index->row_map | 1u << 31);
        BREAKS(tlsf_maps, index->column_map[3], index->column_map[3] ^ 1u << 20);
        if (index->row_map == 0 && (index == &units.clean || index == &medium.purged)) continue;
        CHECK(index->row_map != 0);
        uint32_t row = bit_low(index->row_map), column = bit_low(index->column_map[row]);
        BREAKS(tlsf_maps, index->head[row][column], NULL);
        BREAKS(tlsf_maps, index->head[row][column]->next, index->head[row][column]);
        BREAKS(tlsf_maps, index->head[row][column]->prev, index->head[row][column]);
    }
    BREAKS(tlsf_maps, medium.dirty_granules, medium.dirty_granules + 1);
}

/* Two free extents side by side, as if the merge had been forgotten. */
TEST(neighbours_that_should_be_one_are_found) {
    test_leaves_a_broken_heap();
    struct unit *left = units_take(2, UNIT_LARGE), *right = units_take(3, UNIT_LARGE);
    units_take(1, UNIT_LARGE);
    left->flags = 0;
    units_give(left); /* dirty; the other one clean */
    units_give(right);
    CHECK(verify_coalesced());
    right->flags ^= UNIT_CLEAN;
    expect_broken(verify_coalesced, "coalesced", __LINE__);
}

TEST(sums_of_units_are_found_wrong) {
    populate();
    BREAKS(unit_sum, units.used_units, units.used_units + 1);
    BREAKS(unit_sum, units.emergency_units, 1);
    BREAKS(unit_sum, units.dirty_units, units.dirty_units - 1);
    BREAKS(unit_sum, units.clean_units, units.clean_units + 1);
    BREAKS(unit_sum, units.unmapped_units, 1);
    BREAKS(unmapped, units.unmapped_extents, 1);
    BREAKS(unmapped, units.moved_extents, 1);
}

TEST(list_by_age_is_found_broken) {
    populate();
    CHECK(units.oldest != NULL);
    BREAKS(ages, units.oldest, NULL);
    BREAKS(ages, units.newest, NULL);
    BREAKS(ages, units.oldest->flags, 0);
    BREAKS(ages, units.oldest->flags, UNIT_AGED | UNIT_CLEAN);
    BREAKS(ages, units.oldest->older, units.oldest);
    BREAKS(ages, units.oldest->newer, units.oldest);
    struct unit *unit = find_unit(UNIT_LARGE, 1);
    BREAKS(ages, units.oldest, unit);
}

TEST(medium_blocks_are_found_broken) {
    populate();
    struct granule *slot = find_granule(GRANULE_USED);
    BREAKS(medium_blocks, slot->head, slot->head + 1);
    BREAKS(medium_blocks, slot->head, 0);
    BREAKS(medium_blocks, slot->head, (uint32_t)7 << 28 | 10);
    BREAKS(medium_blocks, slot[3].head, 1);
    slot = find_granule(GRANULE_FREE);
    BREAKS(medium_blocks, slot[4].head, 1);
    BREAKS(medium_before, slot[granule_count(slot)].before, 1);
    BREAKS(medium_sum, medium.free_granules, medium.free_granules + 1);
    BREAKS(medium_sum, medium.free_blocks, medium.free_blocks + 1);
    BREAKS(medium_sum, medium.used_units, medium.used_units - 1);
    struct granule *used = find_granule(GRANULE_USED);
    BREAKS(medium_sum, used->head, granule_count(used) | GRANULE_DEFERRED);
    BREAKS(medium_sum, medium.deferred, used);
}

TEST(free_medium_neighbours_are_found) {
    populate();
    struct granule *slot = find_granule(GRANULE_FREE), *right = slot + granule_count(slot);
    if (granule_state(right) == GRANULE_NONE) return;
    BREAKS(medium_coalesced, right->head, granule_count(right) | GRANULE_FREE);
}

TEST(slabs_are_found_broken) {
    populate();
    struct unit *slab = span_unit(small[100]);
    BREAKS(slab_counts, slab->used_blocks, slab->used_blocks + 1);
    BREAKS(slab_counts, slab->carved_blocks, slab->carved_blocks - 1);
    BREAKS(slab_counts, slab->start_limit, slab->start_limit - 1);
    BREAKS(slab_counts, slab->resident_blocks, slab->resident_blocks - 1);
    BREAKS(slab_counts, slab->purged_pages, (uint8_t)(slab->purged_pages ^ 1));
    BREAKS(slab_counts, slab->recip, slab->recip + 1);
    BREAKS(slab_counts, slab->class, (uint8_t)(slab->class + 1));
    BREAKS(slab_counts, slab->class, 0);
    BREAKS(slab_counts, slab->remote, slab->remote + REMOTE_COUNT_ONE);
    t_free(small[100]);
    t_free(small[101]);
    slab = span_unit(small[100]);
    CHECK(slab->free == (struct block *)small[101]);
    BREAKS(slab_counts, slab->free, slab->free->next);
    if (config_safety) BREAKS(slab_counts, slab->free->key, slab->free->key ^ 1);
    BREAKS(slab_counts, slab->free->next, (struct block *)small[102]);
    BREAKS(slab_counts, slab->free, (struct block *)(small[101] + 16));
}

TEST(slabs_of_nobody_are_found) {
    populate();
    struct unit *slab = span_unit(small[199]);
    CHECK(slab->owner == heap_self);
    BREAKS(slab_owners, slab->owner, NULL);
    BREAKS(slab_owners, slab->remote, 0);
    BREAKS(slab_owners, slab->remote, REMOTE_OWNED | REMOTE_LISTED);
    BREAKS(slab_owners, heap_self->classes[slab->class].current, NULL);
    struct unit *listed = abandoned[class_of(1000)].queue.first;
    CHECK(listed != NULL);
    BREAKS(slab_owners, listed->remote, REMOTE_OWNED);
    BREAKS(slab_owners, listed->owner, heap_self);
}

TEST(abandoned_slabs_are_found_broken) {
    populate();
    uint32_t class = (uint32_t)class_of(1000);
    struct unit *listed = abandoned[class].queue.first;
    BREAKS(abandoned, abandoned[class].queue.first, NULL);
    BREAKS(abandoned, abandoned[class].queue.count, 0);
    BREAKS(abandoned, abandoned[class + 1].queue.first, listed);
    BREAKS(abandoned, listed->prev, listed);
    BREAKS(abandoned, listed->next, listed);
    BREAKS(abandoned, listed->remote, REMOTE_OWNED);
}

TEST(heaps_are_found_broken) {
    populate();
    uint32_t class = (uint32_t)class_of(200);
    struct unit *slab = heap_self->classes[class].partial.first;
    CHECK(slab != NULL);
    BREAKS(partial, heap_self->classes[class].partial.first, NULL);
    BREAKS(partial, heap_self->classes[class].partial.last, NULL);
    BREAKS(partial, heap_self->classes[class].partial.count, 0);
    BREAKS(partial, heap_self->classes[class + 1].partial.first, slab);
    BREAKS(partial, slab->flags, 0);
    BREAKS(partial, slab->next, slab);
    BREAKS(empty, heap_self->empty_slabs, heap_self->empty_slabs + 1);
    BREAKS(empty, slab->flags, slab->flags ^ UNIT_EMPTY);
    t_malloc(200);
    struct block *bin = heap_self->bin[class];
    CHECK(bin != BLOCK_END);
    BREAKS(bins, heap_self->bin[class], (struct block *)small[150]);
    BREAKS(bins, heap_self->bin[class + 20], bin);
    BREAKS(bins, heap_self->classes[class].current, slab);
    if (config_safety) BREAKS(bins, bin->key, bin->key + 8);
    BREAKS(bins, heap_self->secret, 1);
    BREAKS(bins, heap_self->classes[0].current, slab);
    struct unit *attached = heap_self->classes[class].attached;
    BREAKS(bins, heap_self->classes[class].attached, NULL);
    BREAKS(bins, heap_self->classes[class].attached, slab);
    BREAKS(bins, attached->flags, 0);
    BREAKS(bins, attached->used_blocks, 0);
    BREAKS(bins, attached->used_blocks, RETURNS_FRESH + 1);
    BREAKS(bins, attached->free, bin);
    BREAKS(bins, attached->bin, (char *)attached);
}

TEST(cache_is_found_broken) {
    populate();
    struct granule *cached = find_granule(GRANULE_CACHED);
    BREAKS(cache, heap_self->cache_room, heap_self->cache_room + 1);
    BREAKS(cache, cached->head, granule_count(cached) | GRANULE_USED);
    BREAKS(cache, heap_self->cache[7], (char *)medium_blocks[1]);
    CHECK(heap_self->recent_large && heap_self->recent_medium);
    BREAKS(cache, heap_self->recent_large->kind, UNIT_LARGE);
    BREAKS(cache, heap_self->recent_medium, NULL);
    BREAKS(cache, heap_self->recent_medium->head, granule_count(heap_self->recent_medium) | GRANULE_USED);
}

TEST(quarantine_is_found_broken) {
    populate();
    BREAKS(quarantine, heap_self->quarantine[0].in, heap_self->bin); /* there are no blocks of 0 bytes */
}

TEST(redzones_are_found_broken) {
    if (!config_redzones || hardened()) return;
    redzone_set_firsts(2);
    char *cell = t_malloc(40), *wide = t_malloc(10000);
    CHECK(redzone_bytes(cell) == 40 && redzone_bytes(wide) == 10008);
    BREAKS(redzones, redzone_region.blocks, redzone_region.blocks + 1);
    BREAKS(redzones, redzone_region.used, redzone_region.bytes + 1);
    BREAKS(redzones, cell[40], (char)(cell[40] + 1));
    BREAKS(redzones, cell[-1], (char)(cell[-1] + 1));
    BREAKS(redzones, cell[40 + 8 + 15], (char)(cell[40 + 8 + 15] + 1));
    BREAKS(redzones, wide[10008], (char)(wide[10008] + 1));
    t_free(cell), t_free(wide);
}

TEST(shares_are_found_broken) {
    populate();
    BREAKS(shares, heaps.live, heaps.live + 1);
    BREAKS(shares, heaps.granted, heaps.granted + 1);
    BREAKS(shares, heap_self->granted, heap_self->cache_max + 1);
}

TEST(parked_heaps_are_found_broken) {
    populate();
    struct heap *parked = heaps.parked;
    while (parked && parked->secret == 0) parked = parked->next_parked;
    CHECK(parked != NULL);
    BREAKS(parked, parked->state, HEAP_LEFT_BY_FORK);
    BREAKS(parked, parked->cache_room, 1);
    BREAKS(parked, parked->empty_slabs, 1);
    BREAKS(parked, parked->classes[5].current, span_unit(small[199]));
    BREAKS(parked, parked->bin[5], (struct block *)small[199]);
    BREAKS(parked, parked->next_parked, parked);
}

TEST(names_and_pools_are_found_broken) {
    populate();
    struct heapalloc_pool_options options = {.name = "one", .object_bytes = 100, .flags = HEAPALLOC_POOL_SHARED};
    struct heapalloc_pool *pool = heapalloc_pool_create_with(&options), *other = heapalloc_pool_create_with(&options);
    CHECK(pool && other && heapalloc_pool_get(pool));
    BREAKS(named, named_first->next->before, NULL);
    BREAKS(named, named_first->before, named_first);
    BREAKS(named, pool->object.place, 0);
    BREAKS(pools, pool->slab_count, 2);
    BREAKS(pools, pool->slabs->owner, NULL);
    BREAKS(pools, pool->manager->stored_count, pool->manager->stored_count - 1);
    BREAKS(pools, pool->manager->raw_count, 1);
    BREAKS(pools, pool->manager->full_count, 100);
}

TEST(collected_arenas_are_found_broken) {
    populate();
    struct heapalloc_collected_options options = {.name = "c", .stack_base = &options};
    struct heapalloc_collected *collected = collected_create(&options, &options + 1); /* above any frame pointer */
    CHECK(collected && heapalloc_collected_alloc(collected, 100) && heapalloc_collected_alloc(collected, 50000));
    BREAKS(collected, collected->all->bits[0], 0);
    BREAKS(collected, collected->all->used_count, 2);
    BREAKS(collected, collected->used_blocks, 3);
}
