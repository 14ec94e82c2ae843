/* Arguments that are not a pool, arena or collected arena, are of another kind, or were destroyed. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "misuse.h"
#include "weak.h"
#include <sys/mman.h>

static void *nothing(void) {
    return NULL;
}

static void *a_pool(void) {
    struct heapalloc_pool *pool = heapalloc_pool_create(64, 0);
    heapalloc_pool_put(pool, heapalloc_pool_get(pool));
    return pool;
}

static void *an_unused_pool(void) {
    return heapalloc_pool_create(4000, 0);
}

static void *a_shared_pool(void) {
    const struct heapalloc_pool_options options = {.object_bytes = 64, .flags = HEAPALLOC_POOL_SHARED};
    struct heapalloc_pool *pool = heapalloc_pool_create_with(&options);
    heapalloc_pool_put(pool, heapalloc_pool_get(pool));
    return pool;
}

static void *an_arena(void) {
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    heapalloc_arena_alloc(arena, 100);
    return arena;
}

static void *an_unused_arena(void) {
    return heapalloc_arena_create(NULL);
}

static void *a_locked_arena(void) {
    const struct heapalloc_arena_options options = {.flags = HEAPALLOC_ARENA_LOCKED};
    struct heapalloc_arena *arena = heapalloc_arena_create(&options);
    heapalloc_arena_alloc(arena, 100);
    return arena;
}

static void *a_collected(void) {
    const struct heapalloc_collected_options options = {
        .name = "collected", .limit_bytes = (size_t)1 << 40, .growth_percent = 100};
    struct heapalloc_collected *collected = heapalloc_collected_create(&options);
    heapalloc_collected_alloc(collected, 100);
    return collected;
}

static void *a_destroyed_pool(void) {
    struct heapalloc_pool *pool = a_pool();
    heapalloc_pool_destroy(pool);
    return pool;
}

static void *a_destroyed_shared_pool(void) {
    struct heapalloc_pool *pool = a_shared_pool();
    heapalloc_pool_destroy(pool);
    return pool;
}

static void *a_destroyed_arena(void) {
    struct heapalloc_arena *arena = an_arena();
    heapalloc_arena_destroy(arena);
    return arena;
}

static void *a_destroyed_collected(void) {
    struct heapalloc_collected *collected = a_collected();
    heapalloc_collected_destroy(collected);
    return collected;
}

/* Given to free() instead of the function that destroys it. */
static void *a_freed_pool(void) {
    void *pool = a_pool();
    free(pool);
    return pool;
}

static void *a_freed_arena(void) {
    void *arena = an_arena();
    free(arena);
    return arena;
}

static void *a_freed_collected(void) {
    void *collected = a_collected();
    free(collected);
    return collected;
}

/* The first words of an object elsewhere: no object is shorter. */
static void *a_copy(const void *object) {
    return memcpy(take(1000), object, 96);
}

static void *a_copied_arena(void) {
    return a_copy(an_arena());
}

static void *a_copied_pool(void) {
    return a_copy(a_pool());
}

static void *a_copied_collected(void) {
    return a_copy(a_collected());
}

static void *a_block_of_an_arena(void) {
    return heapalloc_arena_alloc(heapalloc_arena_create(NULL), 500);
}

static void *a_block_of_a_pool(void) {
    return heapalloc_pool_get(heapalloc_pool_create(500, 0));
}

static void *a_free_block(void) {
    char *block = take(500);
    free(block);
    return block;
}

static void *zeros(void) {
    return memset(take(1000), 0, 1000);
}

static void *a_static_object(void) {
    static _Alignas(16) char bytes[1000];
    return bytes;
}

static void *a_frame(void) {
    return __builtin_frame_address(0);
}

static void *a_function(void) {
    return (void *)(uintptr_t)&a_frame;
}

static void *a_block(void) {
    return memset(take(1000), 0x5a, 1000);
}

/* Addresses at which there is nothing to look at. */
static void *a_small_number(void) {
    return (void *)(uintptr_t)48;
}

static void *letters(void) {
    return (void *)(uintptr_t)0x4141414141414141;
}

static void *the_last_address(void) {
    return (void *)UINTPTR_MAX;
}

static void *an_unmapped_page(void) {
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || munmap(page, 4096) != 0) _exit(95);
    return page;
}

static void *returned_memory(void) {
    char *block = take((size_t)64 << 20);
    free(block);
    heapalloc_trim();
    return block + (1 << 20);
}

static void *a_forbidden_page(void) {
    char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) _exit(95);
    return page;
}

/* Behind a large block that moved there is room for it to grow, which is not mapped. */
static void *a_hole(void) {
    const size_t mib = 1 << 20;
    char *block = take(64 * mib);
    *block = 1;
    take(64 * mib); /* in its way */
    block = realloc(block, 128 * mib);
    return block + 160 * mib;
}

static void *beside_an_arena(void) {
    return (char *)an_arena() + 8;
}

static void *beside_a_pool(void) {
    return (char *)a_pool() + 16;
}

static void *beside_a_collected(void) {
    return (char *)a_collected() + 8;
}
