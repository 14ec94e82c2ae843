/* Pools of equal blocks: all blocks and no more, waiting with a limit, a put that ends a wait. */
/* SPDX-License-Identifier: MIT */
#include "small_test.h"
#include <heapalloc/block_pool.h>
#include <string.h>

enum { BLOCKS = 20, BLOCK_BYTES = 40 };

static char memory[BLOCKS * 48 + 15];
static struct heapalloc_block_pool pool;
static struct {
    int depth, waits, wakes;
    uint32_t left;
    void *given; /* put back during the wait, as by another task */
} world;

static uintptr_t lock(void *context) {
    (void)context;
    return (uintptr_t)++world.depth;
}
static void unlock(void *context, uintptr_t locked) {
    (void)context;
    expect(locked == 1 && world.depth-- == 1);
}
static uint32_t wait(void *context, uint32_t ticks) {
    (void)context;
    expect(world.depth == 0);
    world.waits++;
    heapalloc_block_pool_put(&pool, world.given);
    world.given = NULL;
    return ticks > 10 ? ticks - 10 : 0;
}
static void wake(void *context) {
    (void)context;
    world.wakes++;
}

KTEST(small, block_pool_waits_as_long_as_it_may) {
    static const struct heapalloc_block_pool_platform calls = {lock, unlock, wait, wake, NULL};
    char *blocks[BLOCKS];
    memset(&world, 0, sizeof world);
    require(heapalloc_block_pool_init(&pool, memory, sizeof memory, BLOCK_BYTES, &calls) == BLOCKS);
    for (int i = 0; i < BLOCKS; i++) {
        require((blocks[i] = heapalloc_block_pool_get(&pool, 5)) != NULL && (uintptr_t)blocks[i] % 16 == 0);
        memset(blocks[i], i, BLOCK_BYTES);
    }
    for (int i = 0; i < BLOCKS; i++) expect(blocks[i][0] == i && blocks[i][BLOCK_BYTES - 1] == i);
    expect(!heapalloc_block_pool_get(&pool, 0) && world.waits == 0);
    expect(!heapalloc_block_pool_get(&pool, 35) && world.waits == 4 && world.wakes == 0);
    world.given = blocks[7];
    expect(heapalloc_block_pool_get(&pool, 35) == blocks[7] && world.waits == 5 && world.wakes == 1);
    for (int i = 0; i < BLOCKS; i++) heapalloc_block_pool_put(&pool, blocks[i]);
    expect(pool.used == 0 && pool.peak == BLOCKS && pool.waiting == 0 && world.wakes == 1);
    expect(heapalloc_block_pool_get(&pool, 0) == blocks[BLOCKS - 1]);
    expect(heapalloc_block_pool_init(&pool, memory, 20, BLOCK_BYTES, NULL) == 0);
    expect(!heapalloc_block_pool_get(&pool, 100));
}

static char *a_block(void) {
    heapalloc_block_pool_init(&pool, memory, sizeof memory, BLOCK_BYTES, NULL);
    return heapalloc_block_pool_get(&pool, 0);
}
KTEST(misuse, puts_what_is_of_no_pool) {
    heapalloc_block_pool_put(&pool, a_block() + sizeof memory);
}
KTEST(misuse, puts_inside_a_pools_block) {
    heapalloc_block_pool_put(&pool, a_block() + 16);
}
KTEST(misuse, puts_a_pools_block_twice) {
    char *block = a_block();
    heapalloc_block_pool_put(&pool, block);
    heapalloc_block_pool_put(&pool, block);
}
