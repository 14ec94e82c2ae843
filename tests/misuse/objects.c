/* Misuse: arguments that are not a pool, arena or collected arena, are of another kind, or were destroyed. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include <heapalloc/collected.h>
#include <heapalloc/heapalloc.h>
#include <malloc.h>
#include <sys/mman.h>

/* The library is preloaded, not linked. */
#pragma weak heapalloc_stats
#pragma weak heapalloc_arena_create
#pragma weak heapalloc_arena_destroy
#pragma weak heapalloc_arena_alloc
#pragma weak heapalloc_arena_alloc_aligned
#pragma weak heapalloc_arena_zeroed
#pragma weak heapalloc_arena_realloc
#pragma weak heapalloc_arena_free
#pragma weak heapalloc_arena_mark
#pragma weak heapalloc_arena_reset
#pragma weak heapalloc_arena_stats
#pragma weak heapalloc_arena_strdup
#pragma weak heapalloc_arena_memdup
#pragma weak heapalloc_arena_printf
#pragma weak heapalloc_arena_cleanup
#pragma weak heapalloc_arena_rewind
#pragma weak heapalloc_pool_create
#pragma weak heapalloc_pool_create_with
#pragma weak heapalloc_pool_destroy
#pragma weak heapalloc_pool_get
#pragma weak heapalloc_pool_put
#pragma weak heapalloc_pool_get_many
#pragma weak heapalloc_pool_put_many
#pragma weak heapalloc_pool_stats
#pragma weak heapalloc_collected_create
#pragma weak heapalloc_collected_destroy
#pragma weak heapalloc_collected_alloc
#pragma weak heapalloc_collected_collect
#pragma weak heapalloc_collected_stats
#pragma weak heapalloc_collected_alloc_plain
#pragma weak heapalloc_collected_step
#pragma weak heapalloc_collected_store
#pragma weak heapalloc_collected_visit
#pragma weak heapalloc_collected_root
#pragma weak heapalloc_collected_unroot
#pragma weak heapalloc_collected_weak
#pragma weak heapalloc_collected_unweak
#pragma weak heapalloc_collected_finalizer

static const char no_pool[] = "is not a pool";
static const char no_arena[] = "is not an arena";
static const char no_collected[] = "is not a collected arena";

/* The wrong arguments. */
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

static void *a_block(void) {
    return memset(take(1000), 0x5a, 1000);
}

/* Addresses at which there is nothing to look at. */
static void *a_small_number(void) {
    return (void *)(uintptr_t)48;
}

static void *an_unmapped_page(void) {
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || munmap(page, 4096) != 0) _exit(95);
    return page;
}

static void *returned_memory(void) {
    char *block = take((size_t)64 << 20);
    free(block);
    malloc_trim(0);
    return block + (1 << 20);
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

/* OBJECT(WHAT, CALL, FUNCTION, SENTENCE): pass `WHAT` in the call of that name. The fast build does not check the pool
 * of a put. */
#define OBJECT(what, call, function, sentence) OBJECT_IN(IN_FAST, what, call, function, sentence)
#define OBJECT_IN(builds, what, call, function, sentence)           \
    MISUSE(objects, what##_to_##call, 0, 0, builds) {               \
        void *object = what();                                      \
        say_caught_object("heapalloc_" function, object, sentence); \
        call_##call(object);                                        \
        not_caught();                                               \
    }

static void call_arena_alloc(void *p) {
    heapalloc_arena_alloc(p, 24);
}
static void call_arena_zeroed(void *p) {
    heapalloc_arena_zeroed(p, 24);
}
static void call_arena_aligned(void *p) {
    heapalloc_arena_alloc_aligned(p, 24, 64);
}
static void call_arena_realloc(void *p) {
    heapalloc_arena_realloc(p, NULL, 0, 24);
}
static void call_arena_free(void *p) {
    heapalloc_arena_free(p, NULL, 0);
}
static void call_arena_mark(void *p) {
    heapalloc_arena_mark(p);
}
static void call_arena_reset(void *p) {
    heapalloc_arena_reset(p);
}
static void call_arena_destroy(void *p) {
    heapalloc_arena_destroy(p);
}
static void call_arena_stats(void *p) {
    struct heapalloc_arena_stats stats;
    heapalloc_arena_stats(p, &stats);
}
static void call_arena_strdup(void *p) {
    heapalloc_arena_strdup(p, "text");
}
static void call_arena_memdup(void *p) {
    heapalloc_arena_memdup(p, "text", 5);
}
static void call_arena_printf(void *p) {
    heapalloc_arena_printf(p, "%d", 1);
}
static void nothing_to_do(void *argument) {
    (void)argument;
}
static void call_arena_cleanup(void *p) {
    heapalloc_arena_cleanup(p, nothing_to_do, NULL);
}
static void call_arena_rewind(void *p) {
    heapalloc_arena_rewind(p, (struct heapalloc_arena_position){0});
}
static void call_arena_parent(void *p) {
    const struct heapalloc_arena_options options = {.parent = p};
    heapalloc_arena_create(&options);
}
static void call_pool_get(void *p) {
    heapalloc_pool_get(p);
}
static void call_pool_put(void *p) {
    heapalloc_pool_put(p, take(64));
}
static void call_pool_get_many(void *p) {
    void *blocks[2];
    heapalloc_pool_get_many(p, blocks, 2);
}
static void call_pool_put_many(void *p) {
    void *blocks[2] = {take(64), take(64)};
    heapalloc_pool_put_many(p, blocks, 2);
}
static void call_pool_destroy(void *p) {
    heapalloc_pool_destroy(p);
}
static void call_pool_stats(void *p) {
    struct heapalloc_pool_stats stats;
    heapalloc_pool_stats(p, &stats);
}
static void call_collected_alloc(void *p) {
    heapalloc_collected_alloc(p, 24);
}
static void call_collected_plain(void *p) {
    heapalloc_collected_alloc_plain(p, 24);
}
static void call_collected_step(void *p) {
    heapalloc_collected_step(p, 1000);
}
static void call_collected_store(void *p) {
    void *place;
    heapalloc_collected_store(p, &place, NULL);
}
static void call_collected_visit(void *p) {
    heapalloc_collected_visit(p, NULL);
}
static void call_collected_root(void *p) {
    static void *root;
    heapalloc_collected_root(p, &root, sizeof root);
}
static void call_collected_unroot(void *p) {
    heapalloc_collected_unroot(p, NULL);
}
static void call_collected_weak(void *p) {
    static void *place;
    heapalloc_collected_weak(p, &place);
}
static void call_collected_unweak(void *p) {
    static void *place;
    heapalloc_collected_unweak(p, &place);
}
static void finalise(void *block, void *argument) {
    (void)block, (void)argument;
}
static void call_collected_finalizer(void *p) {
    heapalloc_collected_finalizer(p, p, finalise, NULL);
}
static void call_collected_collect(void *p) {
    heapalloc_collected_collect(p);
}
static void call_collected_destroy(void *p) {
    heapalloc_collected_destroy(p);
}
static void call_collected_stats(void *p) {
    struct heapalloc_collected_stats stats;
    heapalloc_collected_stats(p, &stats);
}

/* NULL may be destroyed, as it may be freed. */
#define AS_ARENA(what)                                           \
    OBJECT(what, arena_alloc, "arena_alloc", no_arena)           \
    OBJECT(what, arena_zeroed, "arena_alloc", no_arena)          \
    OBJECT(what, arena_aligned, "arena_alloc_aligned", no_arena) \
    OBJECT(what, arena_realloc, "arena_realloc", no_arena)       \
    OBJECT(what, arena_free, "arena_free", no_arena)             \
    OBJECT(what, arena_mark, "arena_mark", no_arena)             \
    OBJECT(what, arena_reset, "arena_reset", no_arena)           \
    OBJECT(what, arena_strdup, "arena_alloc", no_arena)          \
    OBJECT(what, arena_memdup, "arena_alloc", no_arena)          \
    OBJECT(what, arena_printf, "arena_alloc", no_arena)          \
    OBJECT(what, arena_cleanup, "arena_cleanup", no_arena)       \
    OBJECT(what, arena_rewind, "arena_rewind", no_arena)         \
    OBJECT(what, arena_stats, "arena_stats", no_arena)
#define AS_POOL(what)                                     \
    OBJECT(what, pool_get, "pool_get", no_pool)           \
    OBJECT_IN(0, what, pool_put, "pool_put", no_pool)     \
    OBJECT(what, pool_get_many, "pool_get_many", no_pool) \
    OBJECT(what, pool_put_many, "pool_put_many", no_pool) \
    OBJECT(what, pool_stats, "pool_stats", no_pool)
#define AS_COLLECTED(what)                                                 \
    OBJECT(what, collected_alloc, "collected_alloc", no_collected)         \
    OBJECT(what, collected_collect, "collected_collect", no_collected)     \
    OBJECT(what, collected_plain, "collected_alloc_plain", no_collected)   \
    OBJECT(what, collected_step, "collected_step", no_collected)           \
    OBJECT(what, collected_store, "collected_store", no_collected)         \
    OBJECT(what, collected_visit, "collected_visit", no_collected)         \
    OBJECT(what, collected_root, "collected_root", no_collected)           \
    OBJECT(what, collected_unroot, "collected_unroot", no_collected)       \
    OBJECT(what, collected_weak, "collected_weak", no_collected)           \
    OBJECT(what, collected_unweak, "collected_unweak", no_collected)       \
    OBJECT(what, collected_finalizer, "collected_finalizer", no_collected) \
    OBJECT(what, collected_stats, "collected_stats", no_collected)

#define DESTROYED_AS_ARENA(what)                         \
    AS_ARENA(what)                                       \
    OBJECT(what, arena_parent, "arena_create", no_arena) \
    OBJECT(what, arena_destroy, "arena_destroy", no_arena)
#define DESTROYED_AS_POOL(what) AS_POOL(what) OBJECT(what, pool_destroy, "pool_destroy", no_pool)
#define DESTROYED_AS_COLLECTED(what) \
    AS_COLLECTED(what) OBJECT(what, collected_destroy, "collected_destroy", no_collected)

/* Calls that are made often read their object without looking whether there can be one; these look. */
#define UNMAPPED(what)                                                     \
    OBJECT(what, arena_aligned, "arena_alloc_aligned", no_arena)           \
    OBJECT(what, arena_realloc, "arena_realloc", no_arena)                 \
    OBJECT(what, arena_free, "arena_free", no_arena)                       \
    OBJECT(what, arena_mark, "arena_mark", no_arena)                       \
    OBJECT(what, arena_rewind, "arena_rewind", no_arena)                   \
    OBJECT(what, arena_reset, "arena_reset", no_arena)                     \
    OBJECT(what, arena_cleanup, "arena_cleanup", no_arena)                 \
    OBJECT(what, arena_stats, "arena_stats", no_arena)                     \
    OBJECT(what, arena_parent, "arena_create", no_arena)                   \
    OBJECT(what, arena_destroy, "arena_destroy", no_arena)                 \
    OBJECT(what, pool_get_many, "pool_get_many", no_pool)                  \
    OBJECT(what, pool_put_many, "pool_put_many", no_pool)                  \
    OBJECT(what, pool_stats, "pool_stats", no_pool)                        \
    OBJECT(what, pool_destroy, "pool_destroy", no_pool)                    \
    OBJECT(what, collected_collect, "collected_collect", no_collected)     \
    OBJECT(what, collected_step, "collected_step", no_collected)           \
    OBJECT(what, collected_root, "collected_root", no_collected)           \
    OBJECT(what, collected_unroot, "collected_unroot", no_collected)       \
    OBJECT(what, collected_weak, "collected_weak", no_collected)           \
    OBJECT(what, collected_unweak, "collected_unweak", no_collected)       \
    OBJECT(what, collected_finalizer, "collected_finalizer", no_collected) \
    OBJECT(what, collected_stats, "collected_stats", no_collected)         \
    OBJECT(what, collected_destroy, "collected_destroy", no_collected)

UNMAPPED(a_small_number)
UNMAPPED(an_unmapped_page)
UNMAPPED(returned_memory)
UNMAPPED(beside_an_arena)
UNMAPPED(beside_a_pool)
UNMAPPED(beside_a_collected)
AS_ARENA(nothing)
DESTROYED_AS_ARENA(a_pool)
DESTROYED_AS_ARENA(an_unused_pool)
DESTROYED_AS_ARENA(a_shared_pool)
DESTROYED_AS_ARENA(a_collected)
DESTROYED_AS_ARENA(a_destroyed_arena)
DESTROYED_AS_ARENA(a_destroyed_collected)
AS_POOL(nothing)
DESTROYED_AS_POOL(an_arena)
DESTROYED_AS_POOL(a_locked_arena)
DESTROYED_AS_POOL(a_collected)
DESTROYED_AS_POOL(a_destroyed_pool)
DESTROYED_AS_POOL(a_destroyed_shared_pool)
DESTROYED_AS_POOL(a_destroyed_arena)
AS_COLLECTED(nothing)
DESTROYED_AS_COLLECTED(a_pool)
DESTROYED_AS_COLLECTED(an_arena)
DESTROYED_AS_COLLECTED(a_block)
DESTROYED_AS_COLLECTED(a_destroyed_collected)
