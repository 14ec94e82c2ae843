/* The routes through pools and arenas, found in the process at run time so that one program serves every allocator. */
/* SPDX-License-Identifier: MIT */
#include "workloads.h"
#include <dlfcn.h>
#include <stdlib.h>
#ifdef BENCH_HAS_POOLS
/* What inline code calls, too, is found at run time. */
#define heapalloc_arena_alloc_room_1 runtime_arena_alloc
#define heapalloc_pool_get_last_1 runtime_pool_get
#define heapalloc_pool_put_last_1 runtime_pool_put
#include <heapalloc/arena_inline.h>
#include <heapalloc/pool_inline.h>

/* Five sizes, as in that compiler's run time; larger blocks come from the arena. */
enum { POOLS = 5, POOL_BYTES_MIN = 16, POOL_BYTES_MAX = POOL_BYTES_MIN << (POOLS - 1) };

/* Types from the header, addresses from the preloaded library. */
#define ENTRY(name) static __typeof__(heapalloc_##name) *name
ENTRY(pool_create);
ENTRY(pool_get);
ENTRY(pool_put);
ENTRY(pool_get_many);
ENTRY(pool_put_many);
ENTRY(pool_destroy);
ENTRY(arena_create);
ENTRY(arena_alloc);
ENTRY(arena_reset);
ENTRY(arena_destroy);

static struct heapalloc_pool *pools[POOLS];
static struct heapalloc_arena *arena;

#define FIND(name) ((name = (__typeof__(name))dlsym(RTLD_DEFAULT, "heapalloc_" #name)) != NULL)

static bool found(void) {
    return FIND(pool_create) && FIND(pool_get) && FIND(pool_put) && FIND(pool_get_many) && FIND(pool_put_many) &&
           FIND(pool_destroy) && FIND(arena_create) && FIND(arena_alloc) && FIND(arena_reset) && FIND(arena_destroy);
}

void *runtime_arena_alloc(struct heapalloc_arena *from, size_t bytes) {
    return arena_alloc(from, bytes);
}

void *runtime_pool_get(struct heapalloc_pool *from) {
    return pool_get(from);
}

void runtime_pool_put(struct heapalloc_pool *to, void *block) {
    pool_put(to, block);
}

static void *must(void *memory) {
    if (!memory) abort();
    return memory;
}

static void arena_open(void) {
    arena = must(arena_create(NULL));
}

static void arena_close(void) {
    arena_destroy(arena);
}

static void pools_open(void) {
    for (size_t i = 0; i < POOLS; i++) pools[i] = must(pool_create((size_t)POOL_BYTES_MIN << i, 16));
    arena_open();
}

static void pools_close(void) {
    for (size_t i = 0; i < POOLS; i++) pool_destroy(pools[i]);
    arena_close();
}

/* The pool whose blocks are just large enough: 16, 32, 64, 128, 256. */
static inline struct heapalloc_pool *pool_of(size_t size_bytes) {
    size_t rest = (size_bytes - 1) / POOL_BYTES_MIN;
    return pools[rest == 0 ? 0 : 64 - __builtin_clzl(rest)];
}

static inline void *pool_take(size_t size_bytes) {
    return size_bytes <= POOL_BYTES_MAX ? heapalloc_pool_get_inline(pool_of(size_bytes))
                                        : heapalloc_arena_alloc_inline(arena, size_bytes);
}

static inline void pool_give(void *block, size_t size_bytes) {
    if (size_bytes <= POOL_BYTES_MAX) heapalloc_pool_put_inline(pool_of(size_bytes), block);
}

static inline void pool_take_many(void **blocks, size_t count, size_t size_bytes) {
    if (pool_get_many(pool_of(size_bytes), blocks, count) != count) abort();
}

static inline void pool_give_many(void **blocks, size_t count, size_t size_bytes) {
    pool_put_many(pool_of(size_bytes), blocks, count);
}

static inline void *arena_take(size_t size_bytes) {
    return heapalloc_arena_alloc_inline(arena, size_bytes);
}

static inline void arena_give(void *block, size_t size_bytes) {
    (void)block;
    (void)size_bytes;
}

static inline void arena_end(void) {
    arena_reset(arena);
}

DEFINE_ROUTE(pool, "pool", found, pools_open, pool_take, pool_give, arena_end, pools_close, pool_take_many,
             pool_give_many);
DEFINE_ROUTE(arena, "arena", found, arena_open, arena_take, arena_give, arena_end, arena_close, NULL, NULL);
#else
static bool never(void) {
    return false;
}

const struct route route_pool = {.name = "pool", .present = never};
const struct route route_arena = {.name = "arena", .present = never};
#endif
