/* fork while other threads are in shared pools and locked arenas: the child uses, and ends, what they were in. */
/* SPDX-License-Identifier: MIT */
#include "team.h"
#include <heapalloc/heapalloc.h>

/* The library is preloaded, not linked. */
#pragma weak heapalloc_verify
#pragma weak heapalloc_arena_create
#pragma weak heapalloc_arena_alloc
#pragma weak heapalloc_arena_reset
#pragma weak heapalloc_arena_destroy
#pragma weak heapalloc_pool_create_with
#pragma weak heapalloc_pool_get_many
#pragma weak heapalloc_pool_put_many
#pragma weak heapalloc_pool_destroy

enum { FORKS = 150, BUSY = 3, BATCH = 150, MINE = 600 };

static struct heapalloc_arena *arena;
static struct heapalloc_pool *pool;
static atomic_int stop;

static void expect_whole(void) {
    const char *broken = heapalloc_verify();
    if (broken) fprintf(stderr, "broken: %s\n", broken);
    expect(!broken);
}

static void *fill_arena(void *unused) {
    for (unsigned i = 1; !atomic_load(&stop); i++)
        if (!heapalloc_arena_alloc(arena, 64 + i % 4000)) heapalloc_arena_reset(arena); /* nobody reads its blocks */
    return unused;
}

static void *churn_pool(void *index) {
    void *blocks[BATCH];
    for (unsigned i = (unsigned)(uintptr_t)index; !atomic_load(&stop); i++) {
        size_t got = heapalloc_pool_get_many(pool, blocks, 1 + i * 7 % BATCH);
        for (size_t k = 0; k < got; k++) ((char *)blocks[k])[8] = 1;
        heapalloc_pool_put_many(pool, blocks, got);
    }
    return NULL;
}

/* No object is handed out twice: each says who has it. */
static void take_and_mark(void **blocks, uintptr_t owner) {
    size_t got = heapalloc_pool_get_many(pool, blocks, MINE);
    expect(got == MINE);
    for (size_t i = 0; i < got; i++) memcpy((char *)blocks[i] + 16, &owner, sizeof owner);
}
static void check_and_put(void **blocks, uintptr_t owner) {
    for (size_t i = 0; i < MINE; i++) expect(memcmp((char *)blocks[i] + 16, &owner, sizeof owner) == 0);
    heapalloc_pool_put_many(pool, blocks, MINE);
}

static void *use_pool(void *owner) {
    void *blocks[MINE];
    for (int round = 0; round < 3; round++) {
        take_and_mark(blocks, (uintptr_t)owner);
        check_and_put(blocks, (uintptr_t)owner);
    }
    return NULL;
}

static void live_with_pool(void) {
    void *blocks[MINE];
    struct team team;
    alarm(60);
    take_and_mark(blocks, 77);
    team_start(&team, BUSY + 1, use_pool); /* they take over the heaps of threads that are not here */
    team_join(&team);
    check_and_put(blocks, 77);
    expect_whole();
    heapalloc_pool_destroy(pool);
    expect_whole();
    _exit(0);
}

static void live_with_arena(void) {
    alarm(60);
    heapalloc_arena_alloc(arena, 64); /* or the limit is met */
    heapalloc_arena_reset(arena);
    for (int i = 0; i < 1000; i++) {
        char *block = heapalloc_arena_alloc(arena, 100);
        expect(block != NULL);
        memset(block, 1, 100);
    }
    heapalloc_arena_reset(arena);
    expect_whole();
    heapalloc_arena_destroy(arena);
    expect_whole();
    _exit(0);
}

static void fork_among(void *(*busy)(void *), void (*live)(void)) {
    struct team team;
    atomic_store(&stop, 0);
    team_start(&team, BUSY, busy);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) live();
        expect_child_well(child);
    }
    atomic_store(&stop, 1);
    team_join(&team);
}

CASE(child_uses_a_locked_arena) {
    const struct heapalloc_arena_options options = {.flags = HEAPALLOC_ARENA_LOCKED, .limit_bytes = 16 << 20};
    expect((arena = heapalloc_arena_create(&options)) != NULL);
    fork_among(fill_arena, live_with_arena);
    heapalloc_arena_destroy(arena);
}

CASE(child_uses_a_shared_pool) {
    const struct heapalloc_pool_options options = {.object_bytes = 64, .flags = HEAPALLOC_POOL_SHARED};
    expect((pool = heapalloc_pool_create_with(&options)) != NULL);
    fork_among(churn_pool, live_with_pool);
    heapalloc_pool_destroy(pool);
}

static bool construct(void *object, void *argument) {
    *(void **)object = argument;
    return true;
}
static void destruct(void *object, void *argument) {
    expect(*(void **)object == argument);
}

/* Each round has a new pool, so that objects are being constructed as the process forks. */
CASE(child_ends_a_shared_pool_of_objects) {
    for (int round = 0; round < 12; round++) {
        struct team team;
        struct heapalloc_pool_options options = {.name = "things",
                                                 .object_bytes = 96,
                                                 .construct = construct,
                                                 .destruct = destruct,
                                                 .argument = &team,
                                                 .flags = HEAPALLOC_POOL_SHARED};
        expect((pool = heapalloc_pool_create_with(&options)) != NULL);
        atomic_store(&stop, 0);
        team_start(&team, BUSY, churn_pool);
        for (int i = 0; i < 10; i++) {
            pid_t child = fork();
            if (child == 0) live_with_pool();
            expect_child_well(child);
        }
        atomic_store(&stop, 1);
        team_join(&team);
        heapalloc_pool_destroy(pool);
    }
}

enum { HELD = 3000, STEPS = 12000 };

/* Keep blocks of many sizes, a few of each slab's, so that most slabs are full or partly used. */
static void replace_one(void **held, uint64_t *random) {
    unsigned at = next_random(random) % HELD;
    free(held[at]);
    held[at] = malloc(16 + next_random(random) % 600);
}

static void *replace_blocks(void *index) {
    uint64_t random = (uintptr_t)index * 77 + 5;
    void **held = calloc(HELD, sizeof *held);
    while (!atomic_load(&stop)) replace_one(held, &random);
    for (unsigned i = 0; i < HELD; i++) free(held[i]);
    free(held);
    return NULL;
}

static void look_often(void) {
    static void *held[HELD];
    uint64_t random = 3;
    alarm(60);
    for (unsigned i = 0; i < STEPS; i++) {
        replace_one(held, &random);
        if (i % 1500 == 0) expect_whole();
    }
    heapalloc_pool_destroy(pool);
    expect_whole();
    _exit(0);
}

/* The child takes over slab by slab what the other threads had, and the heap is whole between any two steps. */
CASE(heap_of_a_child_is_always_whole) {
    const struct heapalloc_pool_options options = {.object_bytes = 64, .flags = HEAPALLOC_POOL_SHARED};
    struct team team;
    expect((pool = heapalloc_pool_create_with(&options)) != NULL);
    team_start(&team, BUSY, replace_blocks);
    team_add(&team, churn_pool, (void *)(uintptr_t)BUSY);
    sleep_ms(30);
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0) look_often();
        expect_child_well(child);
    }
    atomic_store(&stop, 1);
    team_join(&team);
    heapalloc_pool_destroy(pool);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
